/** Alpine's CSP build has the same face as Alpine itself. */
declare module "@alpinejs/csp" {
  import type { Alpine } from "alpinejs";
  const alpine: Alpine;
  export default alpine;
}
