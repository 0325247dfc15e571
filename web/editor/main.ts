// The editor of documents on the court's pages: a text area with completion and errors of the officer's own schema.
// Without it the text area is used as it is. The form sends what the text area holds.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, indentOnInput, syntaxHighlighting, defaultHighlightStyle } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { EditorState, Compartment } from "@codemirror/state";
import { EditorView, drawSelection, keymap, lineNumbers } from "@codemirror/view";
import { graphql } from "cm6-graphql";
import { buildClientSchema, getIntrospectionQuery, type GraphQLSchema } from "graphql";

async function readSchema(address: string, csrf: string): Promise<GraphQLSchema> {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", "x-csrf-token": csrf },
    body: JSON.stringify({ query: getIntrospectionQuery({ inputValueDeprecation: true }) }),
    credentials: "same-origin",
  });
  return buildClientSchema((await answer.json()).data);
}

function open(area: HTMLTextAreaElement): void {
  const { schema, csrf, nonce } = area.dataset;
  const language = new Compartment();
  const label = area.labels?.[0]?.textContent ?? "";
  const view = new EditorView({
    parent: area.parentElement as HTMLElement,
    state: EditorState.create({
      doc: area.value,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        closeBrackets(),
        autocompletion(),
        syntaxHighlighting(defaultHighlightStyle),
        EditorView.lineWrapping,
        EditorView.cspNonce.of(nonce ?? ""),
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) area.value = update.state.doc.toString();
        }),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
        language.of(graphql()),
      ],
    }),
  });
  area.after(view.dom);
  area.hidden = true;
  readSchema(schema ?? "", csrf ?? "").then((found) => view.dispatch({ effects: language.reconfigure(graphql(found)) }));
}

document.querySelectorAll<HTMLTextAreaElement>("textarea[data-schema]").forEach(open);
