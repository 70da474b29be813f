/**
 * region: selects of country, province, city and district, each [data-region-level], that follow each other.
 * data-url answers ?under=<code> with [{code, name}]; regions below China only: elsewhere the others are hidden.
 */
import { registerBehaviour } from "../lib/behaviour";
import { all, make } from "../lib/dom";

interface Region {
  code: string;
  name: string;
}

const CHINA = "CN";
const known = new Map<string, Promise<Region[]>>();

registerBehaviour("region", (element) => {
  const selects = all<HTMLSelectElement>(element, "[data-region-level]");
  const url = element.dataset.url ?? "";

  const showFitting = () => {
    const country = selects.find((select) => select.dataset.regionLevel === "country");
    const isHome = !country || country.value === CHINA || country.value === "";
    for (const select of selects) if (select !== country) select.hidden = !isHome;
  };
  const fill = async (place: number) => {
    const below = selects[place + 1];
    const chosen = selects[place]?.value ?? "";
    for (const select of selects.slice(place + 1)) select.replaceChildren(...[...select.options].slice(0, 1));
    if (!below || !chosen) return;
    const offered = await regionsUnder(url, chosen);
    if (selects[place]?.value !== chosen) return;
    below.append(...offered.map((region) => option(region)));
  };

  selects.forEach((select, place) => {
    select.addEventListener("change", () => {
      showFitting();
      void fill(place);
    });
  });
  showFitting();
});

function regionsUnder(url: string, code: string): Promise<Region[]> {
  const address = `${url}?under=${encodeURIComponent(code)}`;
  const found = known.get(address) ?? ask(address);
  known.set(address, found);
  return found;
}

async function ask(address: string): Promise<Region[]> {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (answer.ok) return (await answer.json()) as Region[];
  known.delete(address);
  return [];
}

function option(region: Region): HTMLElement {
  return make("option", { value: region.code }, region.name);
}
