// The chart of power and battery, drawn by dygraphs, which is loaded only after the page is complete.
"use strict";

const REFRESH_MS = 300000;
const STEPS = { 24: 300, 168: 1800 }; // hours of a chart -> seconds of a step: about 300 points per chart
const [GRID, CAR, BATTERY] = [t("Grid"), t("Car"), t("Battery")];
const chartPlace = document.getElementById("chart");
const chartText = document.getElementById("chart-text");
let chart = null;
let chartHours = 24;
let ahead_s = Number(chartPlace.dataset.now) - Date.now() / 1000; // how far the appliance's clock is ahead of this device's

function loadLibrary() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = chartPlace.dataset.library;
    script.onload = resolve;
    script.onerror = () => reject(new Error(t("The charting library is not installed on the appliance.")));
    document.head.append(script);
  });
}

function colour(name) {
  return getComputedStyle(root).getPropertyValue(name).trim();
}

// A day at midnight, in the page's language; else the hour, as dygraphs writes it.
function timeTick(date, ...more) {
  if (date.getHours() + date.getMinutes() > 0) return Dygraph.dateAxisLabelFormatter(date, ...more);
  return date.toLocaleDateString(root.lang, { day: "numeric", month: "short" });
}

function wattTick(value) {
  const text = Math.abs(value) >= 1000 ? `${Number((value / 1000).toFixed(2)).toLocaleString(root.lang)} kW` : `${Math.round(value)} W`;
  return text.replace("-", "−");
}

function drawChart(rows) {
  const points = rows.map((row) => [new Date(row.t * 1000), row.grid_w, row.power_w, row.soc_pct]);
  const options = {
    labels: ["time", GRID, CAR, BATTERY],
    series: { [BATTERY]: { axis: "y2", strokePattern: [5, 4], strokeWidth: 1.2 }, [GRID]: { fillGraph: true }, [CAR]: { fillGraph: true } },
    colors: ["--grid", "--car", "--soc"].map(colour),
    axes: {
      y: { axisLabelFormatter: wattTick, axisLabelWidth: 52 },
      y2: { valueRange: [0, 100.5], axisLabelFormatter: (value) => `${value} %`, axisLabelWidth: 40, drawGrid: false, independentTicks: true },
      x: { axisLabelFormatter: timeTick, drawGrid: false, pixelsPerLabel: 45 }, // so that the axis shows hours also on a phone's width, and not only the date
    },
    gridLineColor: colour("--line"),
    axisLineColor: colour("--line"),
    fillAlpha: 0.16,
    strokeWidth: 1.7,
    highlightCircleSize: 3,
    highlightCallback: (_, ms, found) => tell(ms, found),
    unhighlightCallback: () => describe(rows),
    interactionModel: {}, // no zooming by accident while scrolling on a phone
    file: points,
  };
  if (chart) chart.updateOptions(options);
  else chart = new Dygraph(chartPlace, points, options);
}

function tell(ms, found) {
  const when = new Date(ms).toLocaleString(root.lang, { weekday: "short", hour: "2-digit", minute: "2-digit" });
  const value = ({ name, yval }) => (name === BATTERY ? `${Math.round(yval)} %` : wattTick(yval));
  const told = found.map((one) => `${one.name} ${value(one)}`);
  setText(chartText, `${when}: ${told.join(", ")}`);
}

// Describes the chart in one sentence, for people who cannot see it.
function describe(rows) {
  const grid = rows.map((row) => row.grid_w).filter((value) => value !== null);
  if (grid.length === 0) {
    setText(chartText, t("Nothing is logged for this time."));
    return;
  }
  const [low, high] = [wattTick(Math.min(...grid)), wattTick(Math.max(...grid))];
  setText(chartText, t("Grid between {low} and {high}, means over {minutes} minutes.", { low, high, minutes: STEPS[chartHours] / 60 }));
}

// The rows with an empty row in each gap of the log, so that no line is drawn across the gap.
function withGaps(rows, step_s) {
  const found = [];
  for (const row of rows) {
    const last = found.at(-1);
    if (last && row.t - last.t > 2.5 * step_s) found.push({ t: last.t + step_s, grid_w: null, power_w: null, soc_pct: null });
    found.push(row);
  }
  return found;
}

async function refresh() {
  const step_s = STEPS[chartHours];
  const to_s = Date.now() / 1000 + ahead_s; // runs on while the device sleeps, which performance.now() may not do
  const span = new URLSearchParams({ from_s: to_s - chartHours * 3600, to_s, step_s });
  try {
    const response = await fetch(`/api/v1/samples?${span}`, { signal: AbortSignal.timeout(10000) });
    ahead_s = Date.parse(response.headers.get("Date")) / 1000 - Date.now() / 1000;
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    const rows = withGaps(answer.samples, step_s);
    chartPlace.hidden = rows.length === 0;
    describe(rows);
    if (rows.length) drawChart(rows);
  } catch (error) {
    chartPlace.hidden = true;
    setText(chartText, t("No chart: {error}", { error: error.message }));
  }
}

async function startChart() {
  for (const button of document.querySelectorAll("[data-hours]")) {
    button.addEventListener("click", () => {
      chartHours = Number(button.dataset.hours);
      for (const other of document.querySelectorAll("[data-hours]")) other.setAttribute("aria-pressed", String(other === button));
      refresh();
    });
  }
  try {
    await loadLibrary();
    Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend); // it needs inline styles
  } catch (error) {
    setText(chartText, t("No chart: {error}", { error: error.message }));
    return;
  }
  await refresh();
  setInterval(refresh, REFRESH_MS);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
}

addEventListener("load", () => setTimeout(startChart, 50));
