/** The pool of grants: what is taken from the head of `info.grants` and how it gets its reference. */
import { BUG_ON } from "../../linux/bug.js";
import { ENOMEM, ENOSPC } from "../../linux/errno.js";
import { kfree_grant, kzalloc_grant } from "./grant-slab.js";
import {
  list_add,
  list_del,
  list_empty,
  list_entries_to_free,
  list_first_entry,
} from "../../linux/list.js";
import { page_lru } from "../../linux/lru.js";
import { __free_page, alloc_page, page_to_gfn } from "../../linux/pages.js";
import {
  GRANT_INVALID_REF,
  type grant_ref_chain,
  gnttab_claim_grant_reference,
  gnttab_grant_foreign_access_ref,
} from "../../xen/grant-table.js";
import { type blkfront_info, type grant, xbdev_of } from "./blkfront-info.js";

/**
 * `fill_grant_buffer`: puts `num` entries without a reference on the list, each with a whole Linux page of
 * the driver's own when grants persist.
 * @returns 0, or -ENOMEM with nothing left behind
 */
export function fill_grant_buffer(info: blkfront_info, num: number): number {
  const k = info.kernel;
  let i = 0;
  while (i < num) {
    const gnt_list_entry = kzalloc_grant(info);
    if (info.feature_persistent) {
      const granted_page = alloc_page(k);
      if (granted_page === 0) {
        kfree_grant(info, gnt_list_entry);
        return fill_grant_buffer_out_of_memory(info, i);
      }
      gnt_list_entry.page = granted_page;
    }
    gnt_list_entry.gref = GRANT_INVALID_REF;
    list_add(gnt_list_entry.node, info.grants);
    i++;
  }
  return 0;
}

/** The label `out_of_memory` of `fill_grant_buffer`: frees all that is on the list. */
function fill_grant_buffer_out_of_memory(info: blkfront_info, i: number): number {
  for (const gnt_list_entry of list_entries_to_free(info.grants, "fill_grant_buffer")) {
    list_del(gnt_list_entry.node);
    if (info.feature_persistent) __free_page(info.kernel, gnt_list_entry.page);
    kfree_grant(info, gnt_list_entry);
    i--;
  }
  BUG_ON(i !== 0, "i != 0", "fill_grant_buffer");
  return -ENOMEM;
}

/** `get_free_grant`: the entry at the head of the list. */
function get_free_grant(info: blkfront_info): grant {
  BUG_ON(list_empty(info.grants), "list_empty(&info->grants)", "get_free_grant");
  const gnt_list_entry = list_first_entry(info.grants);
  list_del(gnt_list_entry.node, "get_free_grant");
  if (gnt_list_entry.gref !== GRANT_INVALID_REF) info.persistent_gnts_c--;
  return gnt_list_entry;
}

/** `grant_foreign_access`: grants the entry's own page, for reading and writing. */
function grant_foreign_access(gnt_list_entry: grant, info: blkfront_info): void {
  const gfn = page_to_gfn(info.kernel, gnt_list_entry.page);
  const { gref } = gnt_list_entry;
  const { otherend_id } = xbdev_of(info, "grant_foreign_access");
  gnttab_grant_foreign_access_ref(info.kernel, gref, otherend_id, gfn, false);
}

/**
 * `get_grant`: an entry for one piece of data. One that is granted already is used as it is; else it gets a
 * reference from the reserved chain, for its own page or, when grants do not persist, for `gfn`.
 */
export function get_grant(gref_head: grant_ref_chain, gfn: number, info: blkfront_info): grant {
  const gnt_list_entry = get_free_grant(info);
  if (gnt_list_entry.gref !== GRANT_INVALID_REF) return gnt_list_entry;

  gnt_list_entry.gref = gnttab_claim_grant_reference(info.kernel, gref_head);
  BUG_ON(gnt_list_entry.gref === -ENOSPC, "gnt_list_entry->gref == -ENOSPC", "get_grant");
  if (info.feature_persistent) {
    grant_foreign_access(gnt_list_entry, info);
  } else {
    const { gref } = gnt_list_entry;
    const { otherend_id } = xbdev_of(info, "get_grant");
    gnttab_grant_foreign_access_ref(info.kernel, gref, otherend_id, gfn, false);
  }
  return gnt_list_entry;
}

/**
 * `get_indirect_grant`: an entry for an indirect frame. When grants do not persist its page comes from
 * `info.indirect_pages`.
 */
export function get_indirect_grant(gref_head: grant_ref_chain, info: blkfront_info): grant {
  const gnt_list_entry = get_free_grant(info);
  if (gnt_list_entry.gref !== GRANT_INVALID_REF) return gnt_list_entry;

  gnt_list_entry.gref = gnttab_claim_grant_reference(info.kernel, gref_head);
  BUG_ON(gnt_list_entry.gref === -ENOSPC, "gnt_list_entry->gref == -ENOSPC", "get_indirect_grant");
  if (!info.feature_persistent) {
    BUG_ON(
      list_empty(info.indirect_pages),
      "list_empty(&info->indirect_pages)",
      "get_indirect_grant",
    );
    const indirect_page = list_first_entry(info.indirect_pages);
    list_del(page_lru(info.kernel, indirect_page));
    gnt_list_entry.page = indirect_page;
  }
  grant_foreign_access(gnt_list_entry, info);
  return gnt_list_entry;
}
