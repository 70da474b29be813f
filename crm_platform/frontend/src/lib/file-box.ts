/**
 * A box of files: each is uploaded at once, on its own, and becomes a hidden input with its facts as JSON.
 * The server decides what it takes; what the box can tell beforehand (size, count, kind) saves the way there.
 */
import { one } from "./dom";
import { startDrawing } from "./file-draw";
import { startRecording } from "./file-record";
import { answerOf, send, type FileFacts } from "./file-upload";

/** What the tools that make files need of the box. */
export interface FileBox {
  element: HTMLElement;
  add(files: Iterable<File>): void;
  say(text: string): void;
}

export function startFileBox(element: HTMLElement): () => void {
  const { dataset } = element;
  const list = one(element, "[data-file-list]")!;
  const input = one<HTMLInputElement>(element, "input[type=file]")!;
  const pattern = one<HTMLTemplateElement>(element, "template[data-file-pattern]")!;
  const maxCount = Number(dataset.maxCount);
  const running = new Map<HTMLElement, XMLHttpRequest>();

  const message = one(element, "[data-file-message]")!;
  const say = (text: string, isError = false) => {
    message.textContent = text;
    message.classList.toggle("is-error", isError);
  };
  const changed = () => {
    element.classList.toggle("is-full", list.children.length >= maxCount);
    element.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const remove = (item: HTMLElement) => {
    running.get(item)?.abort();
    running.delete(item);
    const neighbour = (item.nextElementSibling ?? item.previousElementSibling)?.querySelector<HTMLElement>("[data-file-remove]");
    item.remove();
    changed();
    (neighbour ?? input).focus();
  };
  const finish = (item: HTMLElement, request: XMLHttpRequest) => {
    running.delete(item);
    const facts = answerOf(request);
    const kinds = (dataset.kinds ?? "").split(",");
    if (request.status === 201 && facts && kinds.includes(facts.kind)) {
      show(item, facts, dataset.name ?? "");
      say(`${dataset.textAdded} ${facts.name}`);
    } else {
      item.remove();
      const why = request.status === 201 ? dataset.textKind : (facts as unknown as { message?: string })?.message;
      say(why || (dataset.textFailed ?? ""), true);
    }
    changed();
  };
  const upload = (file: File) => {
    const item = pattern.content.firstElementChild!.cloneNode(true) as HTMLElement;
    title(item, file.name);
    const progress = one<HTMLProgressElement>(item, "[data-file-progress]")!;
    progress.hidden = false;
    list.append(item);
    running.set(item, send(dataset.url ?? "", file, progress, (request) => finish(item, request)));
    changed();
  };
  const add = (files: Iterable<File>) => {
    say("");
    for (const file of files) {
      if (list.children.length >= maxCount) say(dataset.textCount ?? "", true);
      else if (file.size > Number(dataset.maxBytes)) say(`${file.name}: ${dataset.textSize}`, true);
      else upload(file);
    }
  };

  const onChange = (event: Event) => {
    event.stopPropagation(); // the box itself says when its files have changed
    add([...(input.files ?? [])]);
    input.value = "";
  };
  const onDrag = (event: DragEvent) => {
    const brings = event.dataTransfer?.types.includes("Files") ?? false;
    if (brings) event.preventDefault();
    element.classList.toggle("is-target", brings && event.type !== "dragleave" && event.type !== "drop");
    if (event.type === "drop" && brings) add([...(event.dataTransfer?.files ?? [])]);
  };
  const onClick = (event: MouseEvent) => {
    const button = (event.target as HTMLElement).closest("[data-file-remove]");
    if (!button) return;
    const item = button.closest<HTMLElement>("[data-file]")!;
    say(`${dataset.textRemoved} ${one(item, "[data-file-name]")?.textContent?.trim() ?? ""}`);
    remove(item);
  };
  // A form that is sent while an upload runs would leave its file behind.
  const form = element.closest("form");
  const onSubmit = (event: Event) => {
    if (!running.size) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    say(dataset.textBusy ?? "", true);
  };

  input.addEventListener("change", onChange);
  element.addEventListener("click", onClick);
  for (const name of ["dragenter", "dragover", "dragleave", "drop"] as const) element.addEventListener(name, onDrag);
  form?.addEventListener("submit", onSubmit, true);
  const box: FileBox = { element, add, say: (text) => say(text, true) };
  const stopTool = dataset.tool === "draw" ? startDrawing(box) : dataset.tool === "record" ? startRecording(box) : undefined;
  element.classList.toggle("is-full", list.children.length >= maxCount);
  return () => {
    form?.removeEventListener("submit", onSubmit, true);
    for (const request of running.values()) request.abort();
    stopTool?.();
  };
}

function show(item: HTMLElement, facts: FileFacts, name: string): void {
  const { id, size, content_type } = facts;
  const hidden = document.createElement("input");
  hidden.type = "hidden";
  hidden.name = name;
  hidden.value = JSON.stringify({ id, name: facts.name, size, content_type });
  item.prepend(hidden);
  title(item, facts.name);
  one<HTMLAnchorElement>(item, "[data-file-name]")!.href = `/files/${id}`;
  one(item, "[data-file-size]")!.textContent = facts.size_text;
  one(item, "[data-file-progress]")!.hidden = true;
  if (facts.kind !== "image") return;
  const picture = document.createElement("img");
  picture.src = `/files/${id}?size=160`;
  picture.alt = "";
  one(item, "[data-file-picture]")!.replaceChildren(picture);
}

function title(item: HTMLElement, name: string): void {
  one(item, "[data-file-name]")!.textContent = name;
  one(item, "[data-file-title]")!.textContent = name;
}
