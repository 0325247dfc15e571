// The explorer: GraphiQL on the schema of whoever's token is pasted, or of whoever has signed in. Token, tabs and variables stay in memory: nothing is
// written to localStorage, and a reload forgets them (R18).
import "graphiql/setup-workers/vite";
// Style without the fonts of the packages, which are embedded as data: the policy of the page forbids them.
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./explorer.css";

import { createElement, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { GraphiQL } from "graphiql";

function makeMemory() {
  const kept = new Map();
  return {
    get length() {
      return kept.size;
    },
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, String(value)),
    removeItem: (key) => void kept.delete(key),
    clear: () => kept.clear(),
  };
}

function makeFetcher(address, token, csrf) {
  return async (parameters) => {
    const headers = { "content-type": "application/json", accept: "application/json" };
    if (csrf) headers["x-csrf-token"] = csrf;
    if (token) headers.authorization = `Bearer ${token}`;
    const answer = await fetch(address, {
      method: "POST",
      headers,
      body: JSON.stringify(parameters),
      credentials: "same-origin",
    });
    return answer.json();
  };
}

function Explorer({ address, csrf, words, examples }) {
  const [token, setToken] = useState("");
  const [typed, setTyped] = useState("");
  const memory = useMemo(makeMemory, []);
  const fetcher = useMemo(() => makeFetcher(address, token, csrf), [address, token, csrf]);
  const form = createElement(
    "form",
    {
      className: "token",
      onSubmit: (event) => {
        event.preventDefault();
        setToken(typed.trim());
      },
    },
    createElement("label", { htmlFor: "token" }, words.token),
    createElement("input", {
      id: "token",
      type: "password",
      autoComplete: "off",
      spellCheck: false,
      value: typed,
      onChange: (event) => setTyped(event.target.value),
    }),
    createElement("button", null, words.use),
    createElement("span", { role: "status" }, token ? words.used : ""),
  );
  return createElement(
    "div",
    { className: "explorer" },
    csrf ? null : form,
    createElement(
      "div",
      { className: "tool" },
      token || csrf
        ? createElement(GraphiQL, {
            key: token || csrf,
            fetcher,
            storage: memory,
            defaultTabs: examples,
            defaultTheme: "light",
            forcedTheme: "light",
            shouldPersistHeaders: false,
            isHeadersEditorEnabled: false,
          })
        : createElement("p", { className: "begin" }, words.begin),
    ),
  );
}

const root = document.getElementById("explorer");
const told = JSON.parse(root.dataset.told);
createRoot(root).render(createElement(Explorer, told));
