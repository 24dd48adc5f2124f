// The page of jobs: filters that act at once, selection, menus of rows, and rows that follow their jobs.
import { follow } from "./live.js";
import { closeMenus, doWith, dress, toggleMenu } from "./actions.js";
import { actsOf, rowsOf } from "./rows.js";
import { base } from "../server.js";

const list = document.getElementById("list");
const table = document.querySelector("table.jobs");
const form = document.querySelector("form.choice");
const FOCUS = "provstore.jobs.focus";

// --- filters: an address without empty names, and the focus where it was

form.addEventListener("formdata", ({ formData }) => {
  const told = [...formData].filter(([, value]) => value);
  for (const name of new Set(formData.keys())) formData.delete(name);
  for (const [name, value] of told) formData.append(name, value);
});
form.addEventListener("change", (event) => {
  if (!event.target.matches("select, input[type=checkbox]")) return;
  sessionStorage.setItem(FOCUS, `[name="${event.target.name}"]${event.target.type === "checkbox" ? `[value="${event.target.value}"]` : ""}`);
  form.requestSubmit();
});
const focused = sessionStorage.getItem(FOCUS);
sessionStorage.removeItem(FOCUS);
if (focused) form.querySelector(focused)?.focus();

// --- selection

const picked = document.getElementById("picked");
const all = document.getElementById("all");
let last = null;

const boxOf = (row) => row.querySelector(".pick input");
const chosen = () => rowsOf(table).filter((row) => boxOf(row).checked);

function tellSelection() {
  const rows = chosen();
  picked.hidden = !rows.length;
  picked.querySelector("strong").textContent = `${rows.length} selected`;
  for (const act of ["abort", "delete"]) {
    const fit = rows.filter((row) => actsOf(row).includes(act)).length;
    const button = picked.querySelector(`[data-many="${act}"]`);
    button.disabled = !fit;
    button.textContent = `${act === "abort" ? "Abort" : "Delete"}${fit && fit < rows.length ? ` ${fit} of them` : ""}`;
  }
  picked.querySelector('[data-many="compare"]').disabled = rows.length !== 2;
  const count = rowsOf(table).length;
  all.checked = rows.length === count;
  all.indeterminate = rows.length > 0 && rows.length < count;
  for (const row of rowsOf(table)) row.classList.toggle("chosen", boxOf(row).checked);
}

function pick(event) {
  const box = event.target;
  if (box === all) {
    for (const row of rowsOf(table)) if (!boxOf(row).disabled) boxOf(row).checked = all.checked;
  } else if (event.shiftKey && last) {
    const rows = rowsOf(table);
    const ends = [rows.indexOf(last), rows.indexOf(box.closest("tr"))].sort((a, b) => a - b);
    for (const row of rows.slice(ends[0], ends[1] + 1)) if (!boxOf(row).disabled) boxOf(row).checked = box.checked;
  }
  last = box === all ? null : box.closest("tr");
  tellSelection();
}

async function doWithMany(what) {
  const rows = chosen();
  if (what === "compare") {
    const [a, b] = rows.map((row) => row.dataset.job).sort();
    location.assign(`${base}/compare?${new URLSearchParams({ a, b })}`);
    return;
  }
  if (what !== "none") await doWith(rows, what, list.dataset.query);
  for (const row of rows) boxOf(row).checked = false;
  tellSelection();
}

// --- rows

function refreshed() {
  for (const row of rowsOf(table)) dress(row);
  tellSelection();
}

function clicked(event) {
  const button = event.target.closest("button");
  if (event.target.matches(".pick input")) pick(event);
  else if (button?.matches(".more")) toggleMenu(button);
  else if (button?.dataset.act) {
    const row = button.closest("tr");
    closeMenus({ back: true });
    doWith([row], button.dataset.act, list.dataset.query);
  }
}

if (table) {
  refreshed();
  document.addEventListener("rows", refreshed);
  table.addEventListener("click", clicked);
  table.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && closeMenus({ back: true })) event.stopPropagation();
  });
  table.addEventListener("focusout", (event) => {
    const menu = table.querySelector(".row-menu");
    if (menu && event.relatedTarget && !menu.parentElement.contains(event.relatedTarget)) closeMenus();
  });
  document.addEventListener("click", (event) => event.target.closest("td.acts") || closeMenus());
  picked.addEventListener("click", (event) => event.target.dataset.many && doWithMany(event.target.dataset.many));
}
follow(list);
