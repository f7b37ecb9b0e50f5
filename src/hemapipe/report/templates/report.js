"use strict";
// Times belong to one machine, so they lie beside the page; without that file the page says so.
const measured = window.measuredHere || [];
const round = (value) => value >= 100 ? value.toFixed(0) : value.toPrecision(3);
for (const cell of document.querySelectorAll("[data-field]")) {
  const { stage, model, field } = cell.dataset;
  const row = measured.find((one) => one.stage === stage && one.name === model);
  if (row && Number.isFinite(row[field])) cell.textContent = round(row[field]);
}
if (measured.length) {
  document.getElementById("measured-note").textContent = "Speed: measured on this machine, by the last run of each stage.";
  const rows = measured.map((one) => {
    const row = document.createElement("tr");
    for (const text of [[one.stage, one.name].filter(Boolean).join(" "), round(one.seconds)]) {
      row.insertCell().textContent = text;
    }
    return row;
  });
  document.getElementById("measured-stages").replaceChildren(...rows);
}
const open = (all) => document.querySelectorAll("details").forEach((one) => { one.open = all || one.open; });
window.addEventListener("beforeprint", () => open(true));
const show = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") target.open = true;
};
window.addEventListener("hashchange", show);
show();
