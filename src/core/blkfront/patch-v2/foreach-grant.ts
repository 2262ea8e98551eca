/**
 * `gnttab_foreach_grant`, the helper which the series brings for walking a Linux page in Xen pages. There it
 * is part of the grant table; here it lies beside its users, whose walk it is.
 */
import type { kernel } from "../../linux/kernel.js";
import { page_to_gfn } from "../../linux/pages.js";
import { XEN_PAGE_SHIFT, XEN_PAGE_SIZE } from "../../xen/page.js";

/** `xen_grant_fn_t`; `offset` (in the Xen page) and `len` are in bytes. */
export type xen_grant_fn<T> = (gfn: number, offset: number, len: number, data: T) => void;

/**
 * Calls `fn` for each Xen page that `len` bytes from `offset` in a Linux page touch. What lies beyond the
 * page's end is left out.
 */
export function gnttab_foreach_grant<T>(
  k: kernel,
  page: number,
  offset: number,
  len: number,
  fn: xen_grant_fn<T>,
  data: T,
): void {
  len = Math.min(k.PAGE_SIZE - offset, len);
  let goffset = offset & (XEN_PAGE_SIZE - 1);
  let gfn = page_to_gfn(k, page) + (offset >>> XEN_PAGE_SHIFT);
  while (len > 0) {
    const glen = Math.min(XEN_PAGE_SIZE - goffset, len);
    fn(gfn, goffset, glen, data);
    goffset = 0;
    gfn++;
    len -= glen;
  }
}
