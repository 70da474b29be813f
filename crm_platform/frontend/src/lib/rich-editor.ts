/** The editor of formatted text, in a file of its own that only pages with such a field load. */
import { Editor } from "@tiptap/core";
import Image from "@tiptap/extension-image";
import { TableKit } from "@tiptap/extension-table";
import StarterKit from "@tiptap/starter-kit";

export type { Editor };

export interface EditorParts {
  place: HTMLElement;
  html: string;
  label: string;
  describedBy: string | null;
  changed(html: string): void;
  moved(editor: Editor): void;
}

/** What each button of the toolbar does. */
export const COMMANDS: Record<string, (editor: Editor) => boolean> = {
  bold: (editor) => editor.chain().focus().toggleBold().run(),
  italic: (editor) => editor.chain().focus().toggleItalic().run(),
  underline: (editor) => editor.chain().focus().toggleUnderline().run(),
  strike: (editor) => editor.chain().focus().toggleStrike().run(),
  heading2: (editor) => editor.chain().focus().toggleHeading({ level: 2 }).run(),
  heading3: (editor) => editor.chain().focus().toggleHeading({ level: 3 }).run(),
  bulletList: (editor) => editor.chain().focus().toggleBulletList().run(),
  orderedList: (editor) => editor.chain().focus().toggleOrderedList().run(),
  blockquote: (editor) => editor.chain().focus().toggleBlockquote().run(),
  table: (editor) => editor.chain().focus().insertTable({ rows: 3, cols: 3, withHeaderRow: true }).run(),
  undo: (editor) => editor.chain().focus().undo().run(),
  redo: (editor) => editor.chain().focus().redo().run(),
};

/** Tell whether the text at the cursor has what a button gives. */
export function isActive(editor: Editor, command: string): boolean {
  const level = /^heading(\d)$/.exec(command)?.[1];
  return level ? editor.isActive("heading", { level: Number(level) }) : editor.isActive(command);
}

/** Make the link at the cursor lead elsewhere; an empty address takes it away. */
export function setLink(editor: Editor, address: string): void {
  const chain = editor.chain().focus().extendMarkRange("link");
  if (!address) chain.unsetLink().run();
  else chain.setLink({ href: /^[a-z]+:|^\//i.test(address) ? address : `https://${address}` }).run();
}

export function makeEditor(parts: EditorParts): Editor {
  const attributes: Record<string, string> = { role: "textbox", "aria-multiline": "true", "aria-label": parts.label, class: "prose" };
  if (parts.describedBy) attributes["aria-describedby"] = parts.describedBy;
  return new Editor({
    element: parts.place,
    content: parts.html,
    injectCSS: false, // the console's own rules do; a style made here would be refused
    editorProps: { attributes },
    extensions: [
      StarterKit.configure({ link: { openOnClick: false, autolink: true, defaultProtocol: "https" }, heading: { levels: [1, 2, 3, 4] } }),
      TableKit.configure({ table: { resizable: false } }),
      Image.configure({ inline: true, allowBase64: true }),
    ],
    onUpdate: ({ editor }) => parts.changed(editor.isEmpty ? "" : editor.getHTML()),
    onTransaction: ({ editor }) => parts.moved(editor),
  });
}
