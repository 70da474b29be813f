/** How the expression editor looks: the colours of its words, its frame, its lists. */
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { tokenAt } from "./expression-text";

interface Reading {
  isComment: boolean;
}

const language = StreamLanguage.define<Reading>({
  name: "expression",
  startState: () => ({ isComment: false }),
  token(stream, state) {
    if (stream.eatSpace()) return null;
    if (state.isComment || stream.match("/*")) {
      state.isComment = !stream.match(/^[^]*?\*\//);
      if (state.isComment) stream.skipToEnd();
      return "comment";
    }
    const [kind, length] = tokenAt(stream.string.slice(stream.pos));
    stream.pos += length;
    return kind || null;
  },
  languageData: { closeBrackets: { brackets: ["(", '"', "'"] } },
  tokenTable: {
    name: tags.variableName,
    special: tags.special(tags.variableName),
    function: tags.function(tags.variableName),
  },
});

const colours = HighlightStyle.define([
  { tag: tags.string, color: "#047857" },
  { tag: tags.number, color: "#b45309" },
  { tag: tags.atom, color: "#b45309" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
  { tag: tags.function(tags.variableName), color: "var(--accent-strong)", fontWeight: "600" },
  { tag: tags.special(tags.variableName), color: "#7c3aed" },
  { tag: tags.variableName, color: "var(--ink)" },
  { tag: tags.operator, color: "#be185d" },
]);

const frame = EditorView.theme({
  "&.cm-focused": { outline: "none" },
  ".cm-content": { fontFamily: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace", fontSize: "13px", padding: "8px 0" },
  ".cm-line": { padding: "0 12px" },
  ".cm-scroller": { maxHeight: "320px", lineHeight: "1.6" },
  ".cm-tooltip": { border: "1px solid var(--line)", borderRadius: "8px", background: "var(--surface)", boxShadow: "var(--shadow-menu)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "inherit", maxHeight: "min(260px, 40vh)", maxWidth: "min(440px, 92vw)", padding: "4px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { display: "flex", gap: "8px", padding: "4px 8px", borderRadius: "4px", lineHeight: "1.5" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { background: "var(--accent-soft)", color: "inherit" },
  ".cm-completionLabel": { fontFamily: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace", fontSize: "13px" },
  ".cm-completionDetail": { marginLeft: "auto", color: "var(--muted)", fontStyle: "normal", overflow: "hidden", textOverflow: "ellipsis" },
  ".cm-completionInfo": { fontFamily: "var(--tblr-font-sans-serif, sans-serif)", maxWidth: "320px", padding: "8px 12px", whiteSpace: "normal" },
  ".cm-completionInfo p": { margin: "4px 0 0" },
  ".cm-diagnostic": { borderLeft: "3px solid var(--danger-strong)" },
});

export const look: Extension = [language, syntaxHighlighting(colours), frame];
