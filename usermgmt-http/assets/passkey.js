/*
 * Asks an authenticator for what a form needs and sends the form. A form that only works with it stays hidden where the
 * browser has none; beside it there is always another way.
 */
"use strict";

(() => {
  const known = window.PublicKeyCredential;
  if (!known || !known.parseCreationOptionsFromJSON || !known.parseRequestOptionsFromJSON) return;

  /* A challenge lives five minutes; a page is open for longer. */
  const REFRESH = 4 * 60 * 1000;
  let waiting = null;

  const challenge = async (form) => {
    const reply = await fetch(form.dataset.challenge, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: "{}",
      cache: "no-store",
      credentials: "same-origin",
    });
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    return reply.json();
  };

  const say = (form, what) => {
    form.querySelector("[role=status]").textContent = form.dataset[what] || "";
  };

  const send = (form, ceremony, credential) => {
    form.elements.ceremony.value = ceremony;
    form.elements.credential.value = JSON.stringify(credential.toJSON());
    form.submit();
  };

  const ask = async (form) => {
    say(form, "working");
    const { ceremony, options } = await challenge(form);
    const credential = form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey: known.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: known.parseRequestOptionsFromJSON(options) });
    send(form, ceremony, credential);
  };

  /* The browser offers passkeys in the field of the name, for as long as the page is open. */
  const offer = async (form) => {
    const { ceremony, options } = await challenge(form);
    waiting = new AbortController();
    const again = setTimeout(() => {
      waiting.abort();
      offer(form).catch(() => {});
    }, REFRESH);
    try {
      const credential = await navigator.credentials.get({
        publicKey: known.parseRequestOptionsFromJSON(options),
        mediation: "conditional",
        signal: waiting.signal,
      });
      send(form, ceremony, credential);
    } finally {
      clearTimeout(again);
    }
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    let busy = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      if (waiting) waiting.abort();
      ask(form).catch((error) => {
        const reasons = { NotAllowedError: "cancelled", InvalidStateError: "known" };
        say(form, reasons[error.name] || "failed");
      }).finally(() => { busy = false; });
    });
    if (form.dataset.offer && known.isConditionalMediationAvailable) {
      known.isConditionalMediationAvailable()
        .then((available) => available && offer(form))
        .catch(() => {});
    }
  }
})();
