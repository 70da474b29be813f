/** The part of htmx that the console touches. */
export interface HtmxApi {
  config: object;
  process(element: Element): void;
}
