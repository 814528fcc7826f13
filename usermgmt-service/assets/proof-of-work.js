/*
 * Solves the proof of work of a form in the background and puts the answer into it. Begins when somebody begins to fill
 * the form in; whoever sends it earlier waits for the rest.
 */
"use strict";

for (const box of document.querySelectorAll(".bot-check[data-check]")) {
  const form = box.closest("form");
  const said = box.querySelector("[role=status]");
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "bot_check";
  form.append(field);

  let goodUntil = 0;
  let running = null;

  const say = (what) => {
    box.dataset.state = what;
    said.textContent = box.dataset[what] || "";
  };

  /* One challenge, shared by several workers: each tries every n-th counter. */
  const work = (challenge) => new Promise((resolve, reject) => {
    const number = Math.max(1, Math.min(4, (navigator.hardwareConcurrency || 2) - 1));
    const workers = [];
    const end = (then, value) => {
      workers.forEach((worker) => worker.terminate());
      then(value);
    };
    for (let first = 0; first < number; first += 1) {
      const worker = new Worker(box.dataset.worker);
      workers.push(worker);
      worker.onerror = () => end(reject, new Error("the worker does not run"));
      worker.onmessage = ({ data }) => {
        if (data && data.derivedKey) {
          end(resolve, data);
        } else {
          end(reject, new Error("no solution was found"));
        }
      };
      worker.postMessage({ type: "work", challenge, counterStart: first, counterStep: number });
    }
  });

  const solve = async () => {
    say("working");
    const reply = await fetch(box.dataset.check, { cache: "no-store", credentials: "same-origin" });
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    const { challenge, life_seconds } = await reply.json();
    /* Its life began when it was made; the rest is left for the way back. */
    const until = Date.now() + (life_seconds - 20) * 1000;
    const solution = await work(challenge);
    field.value = btoa(JSON.stringify({ challenge, solution }));
    goodUntil = until;
    say("done");
  };

  const begin = () => {
    if (!running && Date.now() >= goodUntil) {
      running = solve().catch(() => say("failed")).finally(() => { running = null; });
    }
    return running;
  };

  form.addEventListener("focusin", begin);
  form.addEventListener("submit", (event) => {
    if (!running && Date.now() < goodUntil) return;
    event.preventDefault();
    const button = event.submitter;
    begin().then(() => {
      if (Date.now() < goodUntil) form.requestSubmit(button);
    });
  });

  /* A page that comes back from the browser's memory has sent its answer already. */
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) goodUntil = 0;
  });
}
