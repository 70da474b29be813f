/** copy: a button that copies data-copy, or the value of the field that data-copy-from points at, and says so. */
import { registerBehaviour } from "../lib/behaviour";

registerBehaviour("copy", (element) => {
  element.addEventListener("click", () => {
    const source = element.dataset.copyFrom ? document.querySelector(element.dataset.copyFrom) : null;
    const text = element.dataset.copy ?? (source as HTMLInputElement | null)?.value ?? source?.textContent?.trim() ?? "";
    void navigator.clipboard.writeText(text).then(() => {
      const detail = { level: "success", text: element.dataset.copied ?? "" };
      if (detail.text) document.dispatchEvent(new CustomEvent("toast", { detail }));
    });
  });
});
