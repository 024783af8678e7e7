// The forms of schedule, settings, clock and backup: collects the values, sends them and shows the reply.
"use strict";

function answerOf(form, ok, text) {
  const answer = form.querySelector(".answer");
  answer.dataset.ok = String(ok);
  setText(answer, text);
}

function valueOf(field) {
  if (field.matches("fieldset")) return [...field.querySelectorAll("input:checked")].map((box) => box.value);
  if (field.type === "checkbox") return field.checked;
  if (field.type === "number") return field.value === "" ? null : field.valueAsNumber;
  if (field.dataset.kept && field.value === field.defaultValue) return field.dataset.kept;
  return field.value;
}

const BOUNDED = ["amps", "soc_limit_pct", "max_price"]; // fields that only some modes use
const fits = (key, mode) => mode === "charge" || (mode === "discharge" && key !== "max_price");

// The values of an entry's fields by key; empty fields are left out.
function gather(entry) {
  const values = {};
  for (const field of entry.querySelectorAll("[data-key]")) {
    const value = valueOf(field);
    if (value !== null && value !== "") values[field.dataset.key] = value;
  }
  if (values.end === "00:00") values.end = "24:00"; // a time field has no 24:00; with a start at 00:00 it is the whole day
  if (values.date) delete values.days; // a date is one day
  if (values.mode) for (const key of BOUNDED) if (!fits(key, values.mode)) delete values[key];
  return values;
}

function scheduleOf(form) {
  const schedule = { version: Number(form.dataset.version) };
  for (const key of ["zone", "otherwise"]) {
    const value = form.querySelector(`[data-key=${key}]`).value;
    if (value) schedule[key] = value;
  }
  for (const list of form.querySelectorAll(".entries")) schedule[list.dataset.kind] = [...list.children].map(gather);
  return schedule;
}

// Fetches this page again and replaces the old preview by the new one.
async function renewPreview() {
  const response = await fetch(location.href);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  document.getElementById("preview").replaceWith(page.getElementById("preview"));
}

// Shows the fields for amps, limit and price only for the modes that use them.
function fitToMode(entry) {
  const mode = entry.querySelector("select[data-key=mode]");
  if (!mode) return;
  for (const key of BOUNDED) {
    const field = entry.querySelector(`[data-key=${key}]`);
    if (field) field.parentElement.hidden = !fits(key, mode.value);
  }
}

// Forms with changes that were not saved: the browser asks before it leaves the page.
const unsaved = new Set();
window.addEventListener("beforeunload", (event) => {
  if (unsaved.size > 0) event.preventDefault();
});

function startSchedule(form) {
  form.addEventListener("input", () => unsaved.add(form));
  for (const entry of form.querySelectorAll(".entry")) fitToMode(entry);
  form.addEventListener("change", (event) => {
    const entry = event.target.closest(".entry");
    if (entry) fitToMode(entry);
  });
  form.addEventListener("click", (event) => {
    const { add } = event.target.dataset;
    if (add || event.target.matches(".remove")) unsaved.add(form);
    if (add) {
      const blank = document.getElementById(`blank-${add}`).content.firstElementChild.cloneNode(true);
      form.querySelector(`.entries[data-kind=${add}]`).append(blank);
      fitToMode(blank);
      blank.querySelector("input, select").focus();
    }
    if (event.target.matches(".remove")) {
      const list = event.target.closest(".entries");
      event.target.closest(".entry").remove();
      list.parentElement.querySelector(".add").focus();
    }
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = { schedule: scheduleOf(form), replaces: form.dataset.revision };
    const adopt = (reply) => (form.dataset.revision = reply.applied?.revision ?? form.dataset.revision);
    unsaved.delete(form);
    if (await send("command/schedule", values, form, adopt)) setTimeout(renewPreview, 700);
    else unsaved.add(form);
  });
}

// Sends a calendar file: the trips in it replace those before, and the page shows them.
async function loadCalendar(form) {
  const file = form.querySelector("input[type=file]").files[0];
  const values = { ics: await file.text(), soc_pct: valueOf(form.querySelector("input[type=number]")) };
  if (await send("trips", values, form)) setTimeout(() => location.reload(), 2500);
}

function startSettings(form) {
  const fields = [...form.querySelectorAll("[data-setting]")];
  const before = new Map(fields.map((field) => [field, valueOf(field)]));
  const changed = () => fields.filter((field) => valueOf(field) !== before.get(field));
  const note = () => (changed().length > 0 ? unsaved.add(form) : unsaved.delete(form));
  form.addEventListener("input", note);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = {};
    for (const field of changed()) values[field.dataset.setting] = valueOf(field);
    if (Object.keys(values).length === 0) answerOf(form, true, t("Nothing was changed."));
    else if (await send("command/settings", values, form)) for (const field of fields) before.set(field, valueOf(field));
    note();
  });
}

function startClock(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const done = await send("command/clock", { at: withOffset(new Date()) }, form);
    // The first start says in a fixed text whether the clock is right.
    if (done && form.dataset.editor) setTimeout(() => location.reload(), 1500);
  });
}

async function restore(form) {
  let kept;
  try {
    kept = JSON.parse(await form.querySelector("input").files[0].text());
  } catch (error) {
    answerOf(form, false, t("This file cannot be read: {error}", { error: error.message }));
    return;
  }
  if (await send("restore", kept, form)) setTimeout(() => location.reload(), 1500); // the forms show the restored values
}

const EDITORS = {
  calendar: (form) =>
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      loadCalendar(form);
    }),
  schedule: startSchedule,
  settings: startSettings,
  clock: startClock,
  restore: (form) =>
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      restore(form);
    }),
};
for (const [id, startEditor] of Object.entries(EDITORS)) {
  const form = document.querySelector(`form#${id}, form[data-editor=${id}]`);
  if (form) startEditor(form);
}
