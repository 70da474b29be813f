/**
 * locate: a button [data-locate] that asks the device where it is and writes "lat,lng" into the text box beside it.
 * A hidden [data-locate-device] beside it gets the name of the browser. Options: data-ending (put behind the place), data-failed (what to say when the device does not tell).
 */
import { registerBehaviour } from "../lib/behaviour";
import { one } from "../lib/dom";

const DECIMALS = 6;
const LONGEST_DEVICE = 200;

registerBehaviour("locate", (element) => {
  const input = one<HTMLInputElement>(element, "input");
  const device = one<HTMLInputElement>(element, "[data-locate-device]");
  const button = one<HTMLButtonElement>(element, "[data-locate]");
  if (!input || !button || !navigator.geolocation) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        button.disabled = false;
        input.value = `${round(coords.latitude)},${round(coords.longitude)}${element.dataset.ending ?? ""}`;
        if (device) device.value = navigator.userAgent.slice(0, LONGEST_DEVICE);
        input.dispatchEvent(new Event("input", { bubbles: true }));
        input.dispatchEvent(new Event("change", { bubbles: true }));
      },
      () => {
        button.disabled = false;
        const detail = { level: "warning", text: element.dataset.failed ?? "" };
        document.dispatchEvent(new CustomEvent("toast", { detail }));
      },
      { enableHighAccuracy: true, timeout: 10_000 },
    );
  });
});

function round(degrees: number): string {
  return String(Number(degrees.toFixed(DECIMALS)));
}
