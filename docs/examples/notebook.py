"""A day with provstore in a notebook: open it in Jupyter (with jupytext) or an editor that knows cells (``# %%``).

It needs ``pip install 'provstore[notebook]'``, and a server: its address in ``PROVSTORE_URL``, a token in
``PROVSTORE_TOKEN`` or ``~/.netrc``.
"""

# %% A server, and what it offers
import io
from pathlib import Path
from tempfile import mkdtemp

import networkx as nx
import numpy as np
from astropy.io import fits
from astropy.table import Table

from provstore.client import Client
from provstore.notebook import digraph, job_table, relation_table, table

client = Client()
for service in client.services():
    print(f"{service.name:<20} {service.label}")

# %% A file of one's own goes into a job; its product goes into the next
folder = Path(mkdtemp())
raw = folder / "m31.fits"
fits.PrimaryHDU(np.arange(100.0).reshape(10, 10)).writeto(raw)

first = client.wait(client.run("copy", files={"input": raw}, run_id="demo"))
second = client.wait(client.run("copy", parameters={"input": first.entity("output")}, run_id="demo"))
print(second.phase, second.error or f"in {second.ended_at - second.started_at}")

# %% Its results: on disk, or straight into astropy; both are checked against their SHA-256
print(client.download(second.results["output"], folder / "copy.fits"))
with client.open(second.results["output"]) as file, fits.open(file) as hdus:
    print(hdus[0].data.mean())

# %% Where did it come from? In Jupyter the last line of this cell shows the picture
product = second.entity("output")
lineage = client.lineage(product)
lineage

# %% The same as a graph of networkx: from effects to causes
graph = digraph(lineage)
start = next(one.id for one in lineage.nodes if one.distance == 0)
causes = nx.descendants(graph, start)
files = [one for one in causes if "Dataset" in graph.nodes[one].get("class", "")]
print(f"{len(causes)} causes, {len(files)} of them files:", [graph.nodes[one]["label"] for one in files])
print("a way back:", len(nx.shortest_path(graph, start, files[-1])) - 1, "steps")

# %% and as tables of astropy
print(table(lineage)["class", "label", "distance", "size"])
print(relation_table(lineage)["kind", "role"])
activities = Table.read(io.BytesIO(client.provenance(product, format="votable")), format="votable", table_id="activity")
print(activities.colnames)

# %% Questions across all jobs; a loop over an answer goes through all its pages
for found in client.search("entity", name="*.fits", fields="attributes"):
    print(found.label, found.attributes.get("size"))
print(table(client.ask("impact", id=first.entity("output")))["label", "distance", "state"])
print(job_table(client.listed(RUNID="demo"))["id", "service", "phase"])

# %% What differs between two runs?
comparison = client.diff(first.id, second.id)
print(comparison["summary"])

# %% Provenance of others: bring a document, ask about it like about one's own
document = b"""document
  prefix ex <http://example.org/survey/>
  entity(ex:dr3-map, [prov:label="the map of data release 3"])
  activity(ex:stacking, 2026-03-01T12:00:00, 2026-03-01T14:00:00)
  wasGeneratedBy(ex:dr3-map, ex:stacking, -)
endDocument
"""
receipt = client.import_document(document)
print(receipt.document, receipt.records, "records")
print(client.document(receipt.document, format="prov-n").decode())
print(table(client.lineage("http://example.org/survey/dr3-map"))["label", "distance"])

# %%
client.close()
