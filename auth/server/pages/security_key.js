// Speaks with security keys (WebAuthn). Buttons carry the server's options in data-get or data-create; the answer goes into
// the form as JSON, in base64url, and the form is sent.
"use strict";

const decode = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const write = (credential, names) => {
  const response = {};
  for (const name of names) response[name] = credential.response[name] ? encode(credential.response[name]) : null;
  return JSON.stringify({ id: credential.id, rawId: encode(credential.rawId), type: credential.type, response });
};

const get = async (options) => {
  const publicKey = { ...options, challenge: decode(options.challenge) };
  const found = await navigator.credentials.get({ publicKey });
  return write(found, ["clientDataJSON", "authenticatorData", "signature", "userHandle"]);
};

const create = async (options) => {
  const publicKey = {
    ...options,
    challenge: decode(options.challenge),
    user: { ...options.user, id: decode(options.user.id) },
    excludeCredentials: options.excludeCredentials.map((one) => ({ ...one, id: decode(one.id) })),
  };
  const made = await navigator.credentials.create({ publicKey });
  return write(made, ["clientDataJSON", "attestationObject"]);
};

const listen = (button, field, options, ask) => {
  const form = button.form;
  const status = button.nextElementSibling;
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (!form.reportValidity()) return;
    try {
      form.elements[field].value = await ask(JSON.parse(options));
    } catch (error) {
      status.textContent = `安全密钥未完成，请重试。The security key did not answer. Try again. (${error.name})`;
      return;
    }
    if (field === "assertion" && form.elements.created) {
      status.textContent = "已验证，请继续。Proven. Go on.";
    } else {
      form.requestSubmit();
    }
  });
};

if (window.PublicKeyCredential) {
  for (const button of document.querySelectorAll("[data-get]"))
    listen(button, "assertion", button.dataset.get, get);
  for (const button of document.querySelectorAll("[data-create]"))
    listen(button, "created", button.dataset.create, create);
}
