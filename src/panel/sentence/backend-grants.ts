/** Which grants the back end maps, which of them it keeps, and when it lets go of them. */
import type { backend as Backend, persistent_gnt } from "../../core/blkback/backend.js";
import { mem_get32 } from "../../core/linux/memory.js";
import { grant_entry_addr } from "../../core/xen/grant-table.js";
import { amount, count, hex } from "../format.js";
import { type Area, gref, on, say, type Words } from "./words.js";

/** The back end, as its functions call it. */
export const be = (w: Words): Backend => w.value<Backend>("be");

const refOf = (w: Words): ReturnType<typeof gref> => gref(w.number("gref"));

const permitted = (w: Words): boolean => (w.number("flags") & 3) === 1;

function frameOf(w: Words): number {
  return mem_get32(be(w).mem, grant_entry_addr(be(w).gnttab, w.number("gref")) + 4);
}

/** How many references the back end keeps, and of how many it may. */
function kept(w: Words): string {
  const { persistent_gnts, settings } = be(w);
  const { maxPersistentGrants: most } = settings;
  return most === null
    ? amount(persistent_gnts.size, "reference")
    : `${count(persistent_gnts.size)} of at most ${amount(most, "reference")}`;
}

/** What is known of a reference that is, or was, kept. */
const known = (w: Words): persistent_gnt | undefined => be(w).persistent_gnts.get(w.number("gref"));

export const backendGrants: Area = {
  xen_blkbk_map: [
    on(/already/, (w) =>
      be(w).mapped.has(w.number("gref"))
        ? say`${refOf(w)} is mapped already.`
        : say`${refOf(w)} is not mapped yet.`,
    ),
    on(/^be\.mapped\.add/, (w) => {
      const more = be(w).mapped.has(w.number("gref")) ? 0 : 1;
      return say`${refOf(w)} is mapped from now on: ${amount(be(w).mapped.size + more, "reference")} in all.`;
    }),
    on(/^be\.seen/, (w) => {
      const more = be(w).seen.has(w.number("gref")) ? 0 : 1;
      return say`${refOf(w)} counts among the ${amount(be(w).seen.size + more, "reference")} that this back end has mapped so far.`;
    }),
    on(/^if \(frame < 0\)/, (w) =>
      w.number("frame") < 0
        ? say`${refOf(w)} is not granted, so there is nothing to map.`
        : say`${refOf(w)} is granted, and its frame is ${hex(w.number("frame") / 4096)}.`,
    ),
    on(/^return frame/, (w) =>
      w.number("frame") < 0
        ? say`The caller hears that ${refOf(w)} cannot be mapped.`
        : say`The caller gets the frame of ${refOf(w)}, at ${hex(w.number("frame"))}.`,
    ),
    on(/map_grant/, (w) => say`The back end maps ${refOf(w)}.`),
  ],
  map_grant: [
    on(
      /nr_entries/,
      (w) =>
        w.number("gref") >= be(w).gnttab.nr_entries
          ? say`${refOf(w)} lies beyond the grant table of ${be(w).gnttab.nr_entries} entries.`
          : say`${refOf(w)} is looked up in the grant table of ${be(w).gnttab.nr_entries} entries.`,
      (w) => (w.number("gref") >= be(w).gnttab.nr_entries ? "warning" : "plain"),
    ),
    on(
      /GTF_permit_access\)/,
      (w) =>
        permitted(w)
          ? say`The guest grants ${refOf(w)}, so it can be mapped.`
          : say`The guest does not grant ${refOf(w)}: it cannot be mapped.`,
      (w) => (permitted(w) ? "plain" : "warning"),
    ),
    on(
      /GTF_reading/,
      (w) => say`Xen notes in the grant table that ${refOf(w)} is mapped for reading and writing.`,
    ),
    on(/^return -1/, (w) => say`The back end gets nothing for ${refOf(w)}.`),
    on(
      /^return mem_get32/,
      (w) => say`The back end can reach Xen frame ${hex(frameOf(w))} through ${refOf(w)}.`,
    ),
    on(
      /^const (entry|flags)/,
      (w) => say`The back end reads the grant table’s entry of ${refOf(w)}.`,
    ),
  ],
  unmap_grant: [
    on(/^const entry/, (w) => say`The grant table’s entry of ${refOf(w)} is looked up.`),
    on(
      /^mem_put16/,
      (w) =>
        say`Xen notes in the grant table that ${refOf(w)} is mapped no longer: the guest can end it.`,
    ),
  ],
  xen_blkbk_unmap: [
    on(/^if/, (w) =>
      be(w).mapped.has(w.number("gref"))
        ? say`${refOf(w)} is one of ${amount(be(w).mapped.size, "reference")} that the back end has mapped; it leaves them.`
        : say`The back end does not have ${refOf(w)} mapped.`,
    ),
    on(/^return/, (w) => say`There is nothing to unmap for ${refOf(w)}.`),
    on(/^unmap_grant/, (w) => say`The back end unmaps ${refOf(w)}: its grant can be ended.`),
  ],
  use: [
    on(
      /^used\.push/,
      (w) => say`The back end notes ${refOf(w)} as used by this request, to let it go afterwards.`,
    ),
    on(/add_persistent_gnt/, (w) => say`Does ${refOf(w)} stay mapped after the response?`),
  ],
  may_stay: [
    on(/^const \{ keepsMapped/, (w) => {
      const { keepsMapped } = be(w).settings;
      return typeof keepsMapped === "number"
        ? say`Of the references that it maps, this back end keeps the first ${keepsMapped}.`
        : say`This back end keeps ${keepsMapped} of the references that it maps.`;
    }),
    on(/=== "all"/, (w) =>
      be(w).settings.keepsMapped === "all"
        ? say`It keeps every reference, so ${refOf(w)} may stay mapped.`
        : say`It does not keep every reference.`,
    ),
    on(/=== "none"/, (w) =>
      be(w).settings.keepsMapped === "none"
        ? say`It keeps no reference, so ${refOf(w)} goes after the response.`
        : say`It keeps some references.`,
    ),
    on(/^let n|^for/, (w) => {
      const { keepsMapped } = be(w).settings;
      return say`Is ${refOf(w)} among the first ${String(keepsMapped)} of ${amount(be(w).seen.size, "reference")} that were ever mapped?`;
    }),
    on(/^if \(n\+\+/, (w) => {
      const { keepsMapped } = be(w).settings;
      return w.number("n") >= Number(keepsMapped)
        ? say`${String(keepsMapped)} references were looked at without meeting ${refOf(w)}.`
        : say`${gref(w.number("ref"))} is number ${w.number("n") + 1} of those that were ever mapped.`;
    }),
    on(/^if \(ref ===/, (w) =>
      w.number("ref") === w.number("gref")
        ? say`It is the one that is asked for.`
        : say`It is not the one that is asked for.`,
    ),
    on(/^return true/, (w) => say`${refOf(w)} may stay mapped.`),
    on(/^return false/, (w) => say`${refOf(w)} may not stay mapped.`),
  ],
  add_persistent_gnt: [
    on(/^const known/, (w) => say`Is ${refOf(w)} one of ${kept(w)} that stay mapped?`),
    on(/^if \(known/, (w) =>
      known(w) === undefined
        ? say`${refOf(w)} is not kept from an earlier request.`
        : say`${refOf(w)} is kept from an earlier request.`,
    ),
    on(/^known\.active/, (w) => say`${refOf(w)} is in use from now on, so that no purge takes it.`),
    on(/may_stay/, (w) => say`Does the scenario let ${refOf(w)} stay mapped?`),
    on(/^const \{ maxPersistentGrants/, (w) => {
      const { maxPersistentGrants: most } = be(w).settings;
      return most === null
        ? say`The back end has room for as many kept references as it likes.`
        : say`The back end has room for ${amount(most, "kept reference")}.`;
    }),
    on(/^if \(maxPersistentGrants/, (w) => {
      const { persistent_gnts, settings } = be(w);
      const { maxPersistentGrants: most } = settings;
      return most !== null && persistent_gnts.size >= most
        ? say`All ${count(most)} places are taken: ${refOf(w)} is mapped for this request only.`
        : say`It keeps ${kept(w)}, so there is room for ${refOf(w)}.`;
    }),
    on(/^if \(!be\.overflow/, (w) =>
      be(w).overflow_max_grants
        ? say`The back end has said before that its places are taken.`
        : say`The back end says once that its places are taken.`,
    ),
    on(
      /^message_of/,
      () => say`The back end logs that the guest uses as many persistent grants as it may.`,
      () => "warning",
    ),
    on(
      /^be\.overflow_max_grants = true/,
      () => say`A reference found no place: the next purge will make room.`,
    ),
    on(
      /^be\.persistent_gnts\.set/,
      (w) =>
        say`${refOf(w)} stays mapped after the response: ${amount(be(w).persistent_gnts.size + 1, "kept reference")} with it.`,
    ),
    on(/^return/, (w) =>
      known(w) === undefined
        ? say`${refOf(w)} is unmapped once the request is done.`
        : say`${refOf(w)} stays mapped, as it was.`,
    ),
  ],
  stay_mapped: [
    on(/./, (w) => say`${refOf(w)} was mapped before the workload began, and stays mapped.`),
  ],
  put_grant: [
    on(/^const kept/, (w) => say`The request is done with ${refOf(w)}: is it one that is kept?`),
    on(/^if \(kept/, (w) =>
      known(w) === undefined
        ? say`${refOf(w)} has no place among those that are kept, so it is unmapped.`
        : say`${refOf(w)} has a place among those that are kept; it stays if the back end still wants it.`,
    ),
    on(/^kept\.active/, (w) => say`${refOf(w)} is in use no longer, so a purge may take it.`),
    on(
      /^kept\.was_active/,
      (w) => say`${refOf(w)} was used since the last purge: the next one takes others first.`,
    ),
    on(/^return/, (w) => say`${refOf(w)} stays mapped.`),
    on(/persistent_gnts\.delete/, (w) => say`${refOf(w)} is not kept.`),
    on(/xen_blkbk_unmap/, (w) => say`The back end lets ${refOf(w)} go.`),
  ],
  purge_persistent_gnt: [
    on(
      /^const \{ persistent_gnts/,
      (w) => say`The purge runs: the back end keeps ${kept(w)} mapped.`,
    ),
    on(/^const most/, (w) => {
      const most = be(w).settings.maxPersistentGrants;
      return most === null
        ? say`The back end has no bound for what it keeps.`
        : say`It may keep ${count(most)}.`;
    }),
    on(/^if \(most === null/, (w) => {
      const [size, most] = [be(w).persistent_gnts.size, be(w).settings.maxPersistentGrants];
      return most === null || size < most
        ? say`It keeps fewer than it may, so nothing is purged.`
        : say`It keeps as many as it may.`;
    }),
    on(/overflow_max_grants\)/, (w) =>
      be(w).overflow_max_grants
        ? say`A reference found no place since the last purge, so room is made.`
        : say`No reference was turned away, so nothing is purged.`,
    ),
    on(/^let num_clean/, (w) => {
      const most = w.number("most");
      return say`Room is to be made for a twentieth of ${count(most)}: ${count(Math.floor(most / 100) * 5)}, counted in whole hundreds.`;
    }),
    on(/^num_clean = /, (w) => {
      const size = be(w).persistent_gnts.size;
      const num = Math.min(size, size - w.number("most") + w.number("num_clean"));
      return say`With ${amount(size, "reference")} kept, ${count(num)} have to go.`;
    }),
    on(/^const in_use/, () => say`Those that a request uses now cannot go; they are counted.`),
    on(/^if \(num_clean === 0 \|\| num_clean >/, (w) => {
      const free = be(w).persistent_gnts.size - w.number("in_use");
      const num = w.number("num_clean");
      return num === 0 || num > free
        ? say`${count(num)} should go and ${count(free)} can: nothing is purged.`
        : say`${count(num)} should go, and ${count(free)} are in nobody’s use.`;
    }),
    on(/^const in_order/, () => say`They are gone through in the order of their references.`),
    on(
      /^for \(const scan_used/,
      () => say`First those go that were not used since the last purge, then the others.`,
    ),
    on(/^for \(const gref/, (w) =>
      w.value<boolean>("scan_used")
        ? w.number("num_clean") === 0
          ? say`Enough have gone; the others are passed over.`
          : say`There were too few of those: now those go that were used.`
        : say`Those that were not used since the last purge are looked for.`,
    ),
    on(/^const kept/, (w) => say`${refOf(w)} is looked at.`),
    on(/^if \(num_clean === 0/, (w) =>
      w.number("num_clean") === 0
        ? say`Enough have gone.`
        : known(w) === undefined
          ? say`${refOf(w)} has gone already.`
          : known(w)?.active === true
            ? say`${refOf(w)} is in use, and stays.`
            : say`${refOf(w)} is in nobody’s use; ${count(w.number("num_clean"))} are still to go.`,
    ),
    on(/^if \(kept\.was_active/, (w) =>
      known(w)?.was_active === true && !w.value<boolean>("scan_used")
        ? say`${refOf(w)} was used since the last purge, and is spared for now.`
        : say`${refOf(w)} goes.`,
    ),
    on(/^continue/, (w) => say`${refOf(w)} is passed over.`),
    on(/persistent_gnts\.delete/, (w) => say`${refOf(w)} is kept no longer.`),
    on(
      /xen_blkbk_unmap/,
      (w) =>
        say`${refOf(w)} is unmapped. The guest does not hear of it: in its pool the reference is still a live one.`,
    ),
    on(/^num_clean--/, (w) => say`${count(w.number("num_clean") - 1)} are still to go.`),
    on(
      /^for \(const kept/,
      (w) =>
        say`For the ${amount(be(w).persistent_gnts.size, "reference")} that stay, the count of use begins anew.`,
    ),
    on(/^kept\.was_active/, () => say`It has not been used since this purge.`),
    on(
      /^be\.overflow_max_grants = false/,
      () => say`No reference is turned away from now on, until the places are taken again.`,
    ),
    on(/^return/, () => say`The purge ends: every kept reference stays mapped.`),
  ],
};
