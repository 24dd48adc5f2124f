"""A typed HTTP client: run jobs, fetch what they made, ask where it came from, bring documents.

It needs nothing else of this package but its errors. docs/client.md shows it at work.
"""

from provstore.client.answers import Answer, RemoteGraph, RemoteNode, RemotePage, RemoteRelation, RemoteText
from provstore.client.client import Client
from provstore.client.documents import Receipt, RemoteDocument
from provstore.client.events import JobEvent
from provstore.client.jobs import Change, ListedJob, RemoteJob, RemoteResult, RemoteService, RemoteSweep
from provstore.client.pictures import Picture
from provstore.client.replays import RemoteLeftOut, RemotePlan, RemoteReplay, RemoteStep

__all__ = [
    "Answer",
    "Change",
    "Client",
    "JobEvent",
    "ListedJob",
    "Picture",
    "Receipt",
    "RemoteDocument",
    "RemoteGraph",
    "RemoteJob",
    "RemoteLeftOut",
    "RemoteNode",
    "RemotePage",
    "RemotePlan",
    "RemoteRelation",
    "RemoteReplay",
    "RemoteResult",
    "RemoteService",
    "RemoteStep",
    "RemoteSweep",
    "RemoteText",
]
