// The update of the card: checks a file, sends it in pieces, has it installed and shows how far it is. A browser gives
// crypto.subtle only to pages over https, so SHA-256 is here (FIPS 180-4).
"use strict";

const PIECE_B = 96 * 1024; // v2h.update.pieces: MOST_PIECE_B
const READ_B = 1024 * 1024;
const LOOK_MS = 2000;

// The first 32 bits of the fractions of the cube roots (power 1/3) or square roots (1/2) of the first primes.
function fractions(count, power) {
  const found = [];
  for (let n = 2; found.length < count; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (prime) found.push(((n ** power % 1) * 2 ** 32) | 0);
  }
  return found;
}

const ROUNDS = new Int32Array(fractions(64, 1 / 3));

// Takes in the 64-byte blocks of `bytes` that are complete.
function takeBlocks(state, bytes) {
  const words = new Int32Array(64);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 64 <= bytes.length; at += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
      const x = words[i - 15];
      const y = words[i - 2];
      const low = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const high = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      words[i] = (words[i - 16] + low + words[i - 7] + high) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const mixE = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const mixA = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const first = (h + mixE + ((e & f) ^ (~e & g)) + ROUNDS[i] + words[i]) | 0;
      const second = (mixA + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + second) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] = (state[i] + value) | 0));
  }
}

// The SHA-256 of a file (or Blob) as 64 hexadecimal digits. part: a function that gets the share that is read, 0 to 1.
async function sha256(file, part = () => {}) {
  const state = new Int32Array(fractions(8, 1 / 2));
  const whole = file.size - (file.size % 64);
  for (let at = 0; at < whole; at += READ_B) {
    takeBlocks(state, new Uint8Array(await file.slice(at, Math.min(at + READ_B, whole)).arrayBuffer()));
    part(at / file.size);
  }
  const rest = new Uint8Array(await file.slice(whole).arrayBuffer());
  const end = new Uint8Array(rest.length < 56 ? 64 : 128);
  end.set(rest);
  end[rest.length] = 0x80;
  new DataView(end.buffer).setBigUint64(end.length - 8, BigInt(file.size) * 8n);
  takeBlocks(state, end);
  return [...state].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

// Asks one of the doors of the update. Throws an Error with the sentence of a refusal.
async function ask(method, path, body) {
  const piece = body instanceof Blob;
  const response = await fetch(`/api/v1/update${path}${path.includes("?") ? "&" : "?"}${IN_LANGUAGE}`, {
    method,
    headers: {
      "Content-Type": piece ? "application/octet-stream" : "application/json",
      "X-CSRF-Token": document.querySelector("meta[name=csrf-token]").content,
    },
    body: body === undefined || piece ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(30000),
  });
  const reply = await response.json();
  if (!response.ok) throw new Error(reply.error);
  return reply;
}

async function bring(file, show) {
  const stated = { name: file.name, size_b: file.size, sha256: await sha256(file, show) };
  let have = (await ask("POST", "/upload", stated)).applied.have_b;
  while (have < file.size) {
    const reply = await ask("PUT", `/upload?offset_b=${have}`, file.slice(have, have + PIECE_B));
    have = reply.applied.have_b;
    show(have / file.size, reply.text);
  }
  show(1, (await ask("POST", "/install", {})).text);
}

// Shows the installation until it has ended. An answer may be missing: the board is busy.
async function follow(show) {
  for (;;) {
    await new Promise((done) => setTimeout(done, LOOK_MS));
    const known = await ask("GET", "").then(
      (reply) => reply.update,
      () => ({}),
    );
    if (known.text) show(1, known.text);
    if (known.phase === "installed" || known.phase === "refused") return known;
  }
}

function startUpdate(form) {
  const [bar, button] = [form.querySelector("progress"), form.querySelector("button")];
  const show = (part, text = t("Checking the file …")) => {
    bar.hidden = false;
    bar.value = part;
    answerOf(form, true, text);
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await bring(form.querySelector("input").files[0], show);
      const known = await follow(show);
      answerOf(form, known.phase === "installed", known.text);
      if (known.phase === "installed") location.reload(); // now with the button that starts again
    } catch (error) {
      answerOf(form, false, t("{error} Press the button again to go on with the upload.", { error: error.message }));
    }
    bar.hidden = true;
    button.disabled = false;
  });
}

const updateForm = document.getElementById("update");
if (updateForm) startUpdate(updateForm);
for (const word of ["restart", "back", "read"]) {
  const form = document.getElementById(word);
  if (form)
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(`update/${word}`, {}, form);
    });
}
