/** Linux pages: allocation, `kmap_atomic` and `memcpy`. A `struct page *` is the page's pfn; 0 is NULL. */
import { XEN_PAGE_SIZE } from "../xen/page.js";
import { OOPS } from "./bug.js";
import type { kernel } from "./kernel.js";
import { mem_copy } from "./memory.js";

/** `alloc_page`: a page of zeros, or 0 when there is none. */
export function alloc_page(k: kernel): number {
  if (k.page_limit !== null) {
    if (k.page_limit === 0) return 0;
    k.page_limit--;
  }
  return alloc_pages(k, 0);
}

/** `alloc_pages`: 2^order pages that lie side by side; their first pfn, or 0. */
export function alloc_pages(k: kernel, order: number): number {
  const count = 1 << order;
  const pfn = k.next_pfn;
  k.next_pfn += count;
  k.pages_allocated += count;
  return pfn;
}

/** `__free_page`. A pfn is never given out twice, so that a stale pointer stays recognisable. */
export function __free_page(k: kernel, _page: number): void {
  k.pages_allocated -= 1;
}

/** `free_pages`. */
export function free_pages(k: kernel, _page: number, order: number): void {
  k.pages_allocated -= 1 << order;
}

/** `get_order`: the order of the smallest block of pages that holds so many bytes. */
export function get_order(k: kernel, bytes: number): number {
  const pages = Math.ceil(bytes / k.PAGE_SIZE);
  return pages <= 1 ? 0 : 32 - Math.clz32(pages - 1);
}

/** `page_to_gfn`: the first of the page's Xen frames. */
export function page_to_gfn(k: kernel, page: number): number {
  return page * (k.PAGE_SIZE / XEN_PAGE_SIZE);
}

/** `page_address`: the physical address of the page's first byte. */
export function page_address(k: kernel, page: number): number {
  return page * k.PAGE_SIZE;
}

/** `kmap_atomic`: the page's address, which is now on top of the stack of mappings. */
export function kmap_atomic(k: kernel, page: number, func: string): number {
  if (page === 0) OOPS("kmap_atomic(NULL page)", func);
  const addr = page_address(k, page);
  k.kmap.push(addr);
  return addr;
}

/** `kunmap_atomic`: mappings have to go in the reverse order; where they do not it is counted. */
export function kunmap_atomic(k: kernel, addr: number): void {
  if (k.kmap[k.kmap.length - 1] === addr) {
    k.kmap.pop();
    return;
  }
  k.kmap_lifo_violations++;
  const at = k.kmap.lastIndexOf(addr);
  if (at >= 0) k.kmap.splice(at, 1);
}

/** `memcpy`, in bytes, between physical addresses. */
export function memcpy(k: kernel, dst: number, src: number, len: number): void {
  mem_copy(k.mem, dst, k.mem, src, len);
}
