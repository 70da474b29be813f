/**
 * rich-text: an editor with a toolbar over a text area of HTML, which stays the value; without this the HTML itself
 * can be changed. The editor is loaded when the first field asks for it.
 */
import { registerBehaviour } from "../lib/behaviour";
import { all, make, one } from "../lib/dom";
import type { Editor } from "../lib/rich-editor";

type Library = typeof import("../lib/rich-editor");

registerBehaviour("rich-text", (element) => {
  const area = one<HTMLTextAreaElement>(element, "textarea");
  const bar = one(element, "[role=toolbar]");
  if (!area || !bar) return;
  let editor: Editor | null = null;
  let isGone = false;
  void import("../lib/rich-editor").then((library) => {
    if (!isGone) editor = start(library, element, area, bar);
  });
  return () => {
    isGone = true;
    editor?.destroy();
  };
});

function start(library: Library, element: HTMLElement, area: HTMLTextAreaElement, bar: HTMLElement): Editor {
  const place = make("div", { class: "rich-text-area form-control" });
  const label = area.id ? one<HTMLLabelElement>(document, `label[for="${CSS.escape(area.id)}"]`) : null;
  const buttons = all<HTMLButtonElement>(bar, "[data-command]");
  const mark = (editor: Editor) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(library.isActive(editor, button.dataset.command ?? "")));
  };
  area.hidden = true;
  area.after(place);
  place.classList.toggle("is-invalid", area.classList.contains("is-invalid"));
  bar.hidden = false;
  const editor = library.makeEditor({
    place,
    html: area.value,
    label: label?.textContent?.trim() ?? "",
    describedBy: area.getAttribute("aria-describedby"),
    moved: mark,
    changed: (html) => {
      area.value = html;
      area.dispatchEvent(new Event("input", { bubbles: true }));
      area.dispatchEvent(new Event("change", { bubbles: true }));
    },
  });
  label?.addEventListener("click", () => editor.commands.focus());
  bar.addEventListener("mousedown", (event) => {
    if ((event.target as HTMLElement).closest("button")) event.preventDefault(); // keeps what is selected
  });
  bar.addEventListener("click", (event) => {
    const command = (event.target as HTMLElement).closest<HTMLElement>("[data-command]")?.dataset.command ?? "";
    library.COMMANDS[command]?.(editor);
  });
  connectLink(library, editor, element);
  mark(editor);
  return editor;
}

/** The row with the address of a link: opened by its button or Ctrl+K, done by Enter, left by Escape. */
function connectLink(library: Library, editor: Editor, element: HTMLElement): void {
  const row = one(element, "[data-link-row]");
  const input = row ? one<HTMLInputElement>(row, "input") : null;
  if (!row || !input) return;
  const close = () => {
    row.hidden = true;
    editor.commands.focus();
  };
  const open = () => {
    row.hidden = false;
    input.value = String(editor.getAttributes("link").href ?? "");
    input.focus();
  };
  const apply = () => {
    library.setLink(editor, input.value.trim());
    close();
  };
  one(element, "[data-command=link]")?.addEventListener("click", () => (row.hidden ? open() : close()));
  one(row, "[data-link-apply]")?.addEventListener("click", apply);
  element.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) open();
    else if (event.target === input && event.key === "Enter") apply();
    else if (event.target === input && event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
