/** choose-one: of the links in the element, the one that was clicked last looks chosen. */
import { registerBehaviour } from "../lib/behaviour";
import { all } from "../lib/dom";

registerBehaviour("choose-one", (element) => {
  element.addEventListener("click", (event) => {
    const chosen = (event.target as HTMLElement).closest("a");
    for (const link of chosen ? all(element, "a") : []) {
      link.classList.toggle("active", link === chosen);
      if (link === chosen) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  });
});
