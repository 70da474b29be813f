/** The page's one confirm dialog (components/confirm_dialog.html). */
import { one } from "./dom";

export interface Question {
  confirmTitle?: string;
  confirmText?: string;
  confirmLabel?: string;
  confirmTone?: string;
}

/** Open the dialog and resolve with the answer; without a dialog on the page the answer is yes. */
export function ask(question: Question): Promise<boolean> {
  const dialog = document.querySelector<HTMLDialogElement>("#confirm-dialog");
  if (!dialog) return Promise.resolve(true);
  const title = one(dialog, "#confirm-title")!;
  const button = one(dialog, "[value=confirm]")!;
  title.textContent = question.confirmTitle || title.dataset.default || "";
  one(dialog, "#confirm-text")!.textContent = question.confirmText ?? "";
  button.textContent = question.confirmLabel || button.dataset.default || "";
  button.className = `btn btn-${question.confirmTone === "primary" ? "primary" : "danger"}`;
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirm"), { once: true });
  });
}
