// Fills the marked places of the templates from the view of /api/v1/state, live by stream or else by polling; sends commands.
"use strict";

const SILENT_MS = 4000; // the stream sends a document at least every second
const POLL_MS = 2000;
const RETRY_STREAM_MS = 60000;
const ANSWER_MS = 12000; // setting the clock may take 10 s, and only the reply shows whether it was set
const PRESS_MISSING = 'data-press="missing"'; // as templates/pair.html writes it
const root = document.documentElement;
const words = JSON.parse(root.dataset.words ?? "{}"); // English text -> text in the page's language; English has none
const IN_LANGUAGE = `lang=${root.lang}`; // the API speaks English unless it is asked
const link = document.getElementById("link");
const shown = new Map(); // list name -> JSON of its rows: a list is updated only when its rows change
let heard = performance.now(); // time of the last document
let polling = null;

function at(view, path) {
  return path.split(".").reduce((part, key) => part?.[key], view) ?? "";
}

// The text in the page's language, with the values in the places of their names in braces.
function t(english, values = {}) {
  return (words[english] ?? english).replace(/{(\w+)}/g, (_, name) => values[name]);
}

function setText(node, text) {
  const value = String(text);
  if (node.textContent !== value) node.textContent = value;
}

function setAttributes(node, view) {
  for (const pair of node.dataset.a.split(";")) {
    const [name, path] = pair.split("=");
    const value = String(at(view, path));
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
}

function fillRow(row, item) {
  const places = row.matches("[data-f]") ? [row] : row.querySelectorAll("[data-f]");
  for (const place of places) setText(place, item[place.dataset.f]);
  if (item.tone) row.dataset.tone = item.tone;
  if (item.state && row.dataset.state !== undefined) {
    row.dataset.state = item.state;
    if (item.state === "now") row.setAttribute("aria-current", "step");
    else row.removeAttribute("aria-current");
  }
}

function fillList(list, name, items) {
  const json = JSON.stringify(items);
  if (shown.get(name) === json) return;
  shown.set(name, json);
  while (list.children.length > items.length) list.lastElementChild.remove();
  while (list.children.length < items.length) {
    list.append(document.getElementById(`row-${name}`).content.firstElementChild.cloneNode(true));
  }
  if (items.length === 0) list.textContent = ""; // so that the CSS selector :empty matches
  items.forEach((item, index) => fillRow(list.children[index], item));
}

// The server draws the plan by prices; a newer one is fetched when the view names another stamp.
async function drawPlan(card, stamp) {
  card.dataset.stamp = stamp;
  const response = await fetch("/plan", { headers: { Accept: "text/html" } }).catch(() => null);
  if (!response?.ok) return;
  const open = card.querySelector("details")?.open;
  card.innerHTML = await response.text();
  card.hidden = card.firstElementChild === null;
  if (!card.hidden) card.setAttribute("aria-labelledby", "plan-h");
  if (open) for (const part of card.querySelectorAll("details")) part.open = true;
}

function isEmpty(value) {
  return Array.isArray(value) ? value.length === 0 : !value;
}

function show(state) {
  const view = state.view;
  for (const node of document.querySelectorAll("[data-t]")) setText(node, at(view, node.dataset.t));
  for (const node of document.querySelectorAll("[data-a]")) setAttributes(node, view);
  for (const list of document.querySelectorAll("[data-list]")) fillList(list, list.dataset.list, view[list.dataset.list]);
  for (const part of document.querySelectorAll("[data-show]")) {
    part.hidden = isEmpty(view[part.dataset.show]);
    if (part.hidden) for (const asked of part.querySelectorAll("details.ask")) asked.open = false; // the next fault asks again
  }
  for (const button of document.querySelectorAll("button[data-mode]")) {
    if (button.dataset.command !== "stop") button.setAttribute("aria-pressed", String(button.dataset.mode === view.mode));
  }
  const plan = document.getElementById("plan");
  if (plan && plan.dataset.stamp !== view.plan_stamp) drawPlan(plan, view.plan_stamp);
  root.dataset.tone = view.tone;
  const title = `${view.site}: ${view.headline}`;
  if (location.pathname === "/" && document.title !== title) document.title = title;
}

function mark(kind, text) {
  link.dataset.link = kind;
  setText(document.getElementById("link-text"), text);
  root.dataset.stale = String(kind === "lost" || kind === "out");
  document.getElementById("gone").hidden = kind !== "lost";
}

function hear(state, kind) {
  heard = performance.now();
  mark(kind, kind === "live" ? t("live") : t("live, every 2 s"));
  show(state);
}

async function poll() {
  try {
    const response = await fetch(`/api/v1/state?${IN_LANGUAGE}`, { signal: AbortSignal.timeout(3000) });
    if (response.ok) hear(await response.json(), "poll");
    else if (response.status === 401) mark("out", t("logged out"));
  } catch {
    // the timer in start() shows the lost connection
  }
}

function listen() {
  const stream = new EventSource(`/api/v1/stream?${IN_LANGUAGE}`);
  stream.onmessage = (event) => {
    clearInterval(polling);
    polling = null;
    hear(JSON.parse(event.data), "live");
  };
  stream.onerror = () => {
    if (polling === null) {
      polling = setInterval(poll, POLL_MS);
      poll();
    }
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_STREAM_MS); // refused: no seat free
  };
}

// Sends a change to an endpoint of the API and shows the reply in the nearest .answer; returns whether it succeeded.
// use(reply) gets the reply's JSON as well.
async function send(path, values, source, use = () => {}) {
  const answer = source.closest(":is(form, section):has(.answer)").querySelector(".answer");
  const button = source.matches("form") ? source.querySelector("button:not([type=button])") : source;
  button.setAttribute("aria-busy", "true");
  answer.removeAttribute("data-ok");
  setText(answer, t("Sending …"));
  let ok = false;
  let text = document.getElementById("gone").textContent;
  try {
    const response = await fetch(`/api/v1/${path}?${IN_LANGUAGE}`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "X-CSRF-Token": document.querySelector("meta[name=csrf-token]").content,
      },
      body: JSON.stringify(values),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const reply = await response.json();
    ok = response.ok;
    text = ok ? reply.text : reply.error;
    use(reply);
  } catch {
    // `text` has the message already
  }
  answer.dataset.ok = String(ok);
  setText(answer, text);
  button.removeAttribute("aria-busy");
  return ok;
}

// The next HH:MM of this device's local time, as ISO with its offset; the manager reads it as a moment.
function nextTime(clock) {
  const [hours, minutes] = clock.split(":").map(Number);
  const moment = new Date();
  moment.setHours(hours, minutes, 0, 0);
  if (moment <= new Date()) moment.setDate(moment.getDate() + 1);
  return withOffset(moment);
}

function withOffset(moment) {
  const two = (number) => String(Math.floor(Math.abs(number))).padStart(2, "0");
  const offset = -moment.getTimezoneOffset();
  const local = new Date(moment.getTime() + offset * 60000).toISOString().slice(0, 19);
  return `${local}${offset < 0 ? "-" : "+"}${two(offset / 60)}:${two(offset % 60)}`;
}

function withUntil(values) {
  const until = document.getElementById("until")?.value;
  return until && values.mode !== "idle" ? { ...values, until: nextTime(until) } : values;
}

function start() {
  for (const button of document.querySelectorAll("button[data-command]")) {
    const { command, mode } = button.dataset;
    button.addEventListener("click", () => send(`command/${command}`, command === "mode" ? withUntil({ mode }) : {}, button));
  }
  for (const form of document.querySelectorAll("form[data-command]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const values = form.dataset.mode ? { mode: form.dataset.mode } : {};
      for (const input of form.querySelectorAll("[name]")) values[input.name] = input.type === "number" ? input.valueAsNumber : input.value;
      send(`command/${form.dataset.command}`, form.dataset.mode ? withUntil(values) : values, form);
    });
  }
  setInterval(() => {
    const silent_ms = performance.now() - heard;
    const time = new Date(Date.now() - silent_ms).toLocaleTimeString();
    if (silent_ms > SILENT_MS && link.dataset.link !== "out") mark("lost", t("no connection since {time}", { time }));
  }, 1000);
  listen();
}

// The pairing page waits for a press at the charger: it is loaded again as soon as it has something else to say.
async function lookForPress() {
  const response = await fetch(location.pathname).catch(() => null);
  if (response?.ok && !(await response.text()).includes(PRESS_MISSING)) location.reload();
}

if (root.dataset.live !== undefined) start();
if (document.querySelector("[data-press=missing]")) setInterval(lookForPress, POLL_MS);
