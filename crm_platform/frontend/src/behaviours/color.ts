/** color: the browser's picker of colours beside the digits, each following the other. */
import { registerBehaviour } from "../lib/behaviour";
import { one } from "../lib/dom";

const SHAPE = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i;

registerBehaviour("color", (element) => {
  const picker = one<HTMLInputElement>(element, "[data-color-picker]");
  const input = one<HTMLInputElement>(element, "input[name]");
  if (!picker || !input) return;

  const follow = () => {
    const digits = SHAPE.exec(input.value.trim())?.[1];
    picker.classList.toggle("is-unset", !digits);
    if (digits) picker.value = `#${(digits.length === 3 ? digits.replace(/./g, "$&$&") : digits).toLowerCase()}`;
  };
  picker.hidden = false;
  picker.addEventListener("input", () => {
    input.value = picker.value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  input.addEventListener("input", follow);
  follow();
});
