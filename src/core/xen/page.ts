/** Xen's own page size, which the protocol is made of. */
export const XEN_PAGE_SHIFT = 12;
/** Bytes in a Xen page, whatever the guest's own page size is. */
export const XEN_PAGE_SIZE = 1 << XEN_PAGE_SHIFT;
