// The page's own behaviour: choosing images in four ways, sending them, asking why, keeping the report.
"use strict";
const $ = (id) => document.getElementById(id);
const form = $("form"), input = $("files"), drop = $("drop"), list = $("chosen"), result = $("result"), progress = $("progress");
let chosen = [];  // to be sent next
let shown = [];   // what the result on the page is about: "why?" sends one of them again, as the server keeps nothing

function choose(files, replace) {
  chosen = replace ? [...files] : [...chosen, ...files];
  list.querySelectorAll("img").forEach((img) => URL.revokeObjectURL(img.src));
  list.replaceChildren(...chosen.slice(0, 60).map(chip));
  if (chosen.length > 60) list.append(Object.assign(document.createElement("li"), { textContent: `and ${chosen.length - 60} more` }));
  list.hidden = !chosen.length;
  $("error").hidden = true;
}

function chip(file, place) {
  const item = document.createElement("li"), name = document.createElement("span"), remove = document.createElement("button");
  if (/^image\/(jpeg|png|webp|gif|bmp)$/.test(file.type)) item.append(Object.assign(new Image(), { src: URL.createObjectURL(file), alt: "" }));
  name.textContent = file.name;
  Object.assign(remove, { type: "button", textContent: "×", title: `Remove ${file.name}` });
  remove.setAttribute("aria-label", `Remove ${file.name}`);
  remove.onclick = () => choose(chosen.filter((_, other) => other !== place), true);
  item.append(name, remove);
  return item;
}

function complain(message) {
  const box = $("error");
  box.textContent = message;
  box.hidden = false;
  box.focus();
}

// XMLHttpRequest, as fetch does not tell how much of an upload is through.
function send(path, data, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("X-Requested-With", "fetch");
    if ($("token")) request.setRequestHeader("Authorization", `Bearer ${$("token").value}`);
    request.upload.onprogress = (event) => onProgress?.(event.loaded / event.total);
    request.onerror = () => reject(new Error("The server cannot be reached, or closed the connection: the images may be too large for it."));
    request.onload = () => {
      if (request.status === 200) return resolve(request.responseText);
      let message = `The server answered ${request.status}.`;
      try { message = JSON.parse(request.responseText).error.message; } catch { /* not from this server */ }
      const wait = request.getResponseHeader("Retry-After");
      reject(new Error(wait ? `${message} Try again in ${wait} s.` : message));
    };
    request.send(data);
  });
}

async function look(event) {
  event.preventDefault();
  if (!chosen.length) return complain("Choose an image first.");
  const large = chosen.find((file) => file.size > document.body.dataset.fileMb * 2 ** 20 && !file.name.endsWith(".zip"));
  if (large) return complain(`${large.name} is larger than ${document.body.dataset.fileMb} MB.`);
  const data = new FormData(form), files = chosen;
  data.delete("files");
  files.forEach((file) => data.append("files", file));
  if (data.get("patients_from")) data.delete("patient");
  $("go").disabled = true;
  $("error").hidden = true;
  try {
    const html = await send("look", data, (share) => {
      progress.textContent = share < 1 ? `Sending: ${Math.round(100 * share)} %` : `Looking at ${files.length === 1 ? "it" : "them"} …`;
    });
    const notes = clinical();
    result.innerHTML = html;
    shown = files;
    Object.entries(notes).forEach(([name, value]) => { result.querySelector(`[data-clinical] [name=${name}]`).value = value; });
    progress.textContent = "Done.";
    $("result-title").focus({ preventScroll: true });
    result.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  } catch (error) {
    progress.textContent = "";
    complain(error.message);
  } finally {
    $("go").disabled = false;
  }
}

async function why(button) {
  const place = button.closest("details.card").querySelector(".explained"), data = new FormData();
  data.append("files", shown[button.dataset.source]);
  data.append("model", button.dataset.why);
  data.append("entry", button.dataset.entry);
  button.disabled = true;
  place.textContent = "Covering part after part …";
  try {
    place.innerHTML = await send("why", data);
    place.scrollIntoView({ block: "nearest" });
  } catch (error) {
    place.textContent = error.message;
  } finally {
    button.disabled = false;
  }
}

const clinical = () => Object.fromEntries(new FormData(result.querySelector("[data-clinical]") ?? undefined));

// One file that needs no server: the result as it stands, its style inside, notes as text, no script.
async function download() {
  const copy = result.cloneNode(true), notes = clinical(), style = await (await fetch("static/style.css")).text();
  copy.querySelectorAll("button, th:last-child > .hidden").forEach((node) => node.remove());
  copy.querySelectorAll("details.card").forEach((card) => { card.open = true; });
  copy.querySelectorAll("[data-clinical] [name]").forEach((field) => {
    const text = document.createElement("p");
    text.textContent = notes[field.name] || "–";
    field.replaceWith(text);
  });
  copy.querySelector("[data-clinical]").replaceWith(...copy.querySelectorAll("[data-clinical] > label"));
  const head = `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>hemapipe: what the models say</title><style>${style}</style></head><body class="report">`;
  const blob = new Blob([head, document.querySelector(".banner").outerHTML, "<main>", copy.innerHTML, "</main></body></html>"], { type: "text/html" });
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: "hemapipe-report.html" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

async function take(button) {
  const names = button.dataset.samples.trim().split(" ");
  const files = await Promise.all(names.map(async (name) => new File([await (await fetch(`samples/${name}`)).blob()], name, { type: "image/jpeg" })));
  choose(files, true);
  form.querySelector(`[name=patients_from][value="${button.dataset.patients ?? ""}"]`).checked = true;
  $("go").click();
}

form.addEventListener("submit", look);
input.addEventListener("change", () => { choose(input.files); input.value = ""; });
addEventListener("paste", (event) => event.clipboardData.files.length && choose(event.clipboardData.files));
addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
addEventListener("dragleave", (event) => event.relatedTarget ?? drop.classList.remove("over"));
addEventListener("drop", (event) => { event.preventDefault(); drop.classList.remove("over"); choose(event.dataTransfer.files); });
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.samples) take(button).catch((error) => complain(error.message));
  else if (button.dataset.why) why(button);
  else if (button.dataset.do === "download") download();
  else if (button.dataset.do === "print") print();
  else if (button.dataset.do === "close") button.closest(".explained").replaceChildren();
});
addEventListener("beforeprint", () => result.querySelectorAll("details.card").forEach((card) => { card.open = true; }));
