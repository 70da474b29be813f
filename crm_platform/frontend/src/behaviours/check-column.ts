/**
 * check-column: buttons in the head of a grid of check boxes that tick or clear one column of it.
 * Options: data-column (the name of the column's boxes), data-checked ("true" or "false").
 */
import { registerBehaviour } from "../lib/behaviour";
import { all } from "../lib/dom";

registerBehaviour("check-column", (button) => {
  const scope: HTMLElement = button.closest("form") ?? document.body;
  const onClick = () => {
    const boxes = all<HTMLInputElement>(scope, `input[name="${CSS.escape(button.dataset.column ?? "")}"]`);
    for (const box of boxes) box.checked = button.dataset.checked === "true";
    boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  };
  button.addEventListener("click", onClick);
  return () => button.removeEventListener("click", onClick);
});
