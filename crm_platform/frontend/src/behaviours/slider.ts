/** slider: a bar that sets the number beside it, and follows it; without this there is the number alone. */
import { registerBehaviour } from "../lib/behaviour";
import { one } from "../lib/dom";

registerBehaviour("slider", (element) => {
  const bar = one<HTMLInputElement>(element, "[data-slider-bar]");
  const input = one<HTMLInputElement>(element, "input[name]");
  if (!bar || !input) return;

  const follow = () => {
    bar.value = input.value || bar.min;
    bar.classList.toggle("is-unset", !input.value); // no number yet: the knob stands at the start, but faintly
  };
  bar.hidden = false;
  bar.addEventListener("input", () => {
    input.value = bar.value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  bar.addEventListener("change", () => input.dispatchEvent(new Event("change", { bubbles: true })));
  input.addEventListener("input", follow);
  follow();
});
