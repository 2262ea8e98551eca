/** `blkif_interrupt`: responses are taken, and requests end. */
import type { request } from "../../core/linux/request.js";
import { BLKIF_OP_READ, blkif_op_text, type blkif_response } from "../../core/xen/blkif.js";
import { amount, errno, statusText } from "../format.js";
import { type Area, code, on, say, slotNo, type TextPart, type Words } from "./words.js";

const answerOf = (w: Words): blkif_response => w.value<blkif_response>("bret");

/** Whether the response is to what this back end, or the driver, does not know. */
const unsupported = (w: Words): boolean => answerOf(w).status === -2;

/** Requests without an answer; less than 0 when more was answered than asked. */
const outstanding = (w: Words): number => (w.info.ring.req_prod_pvt - w.number("i")) | 0;

/** What the end of the request means to those who asked for it. */
function ended(w: Words): TextPart[] {
  const req = w.value<request>("req");
  const error = w.number("error");
  const how = error === 0 ? "success" : errno(error);
  const name = w.name(req);
  if (req.end_io !== null) {
    return req.serves === null
      ? say`The data of request ${name} is done, with ${how}: its flush sequence goes on.`
      : say`The flush for request ${req.serves.nr} is done, with ${how}: its sequence goes on.`;
  }
  const bios = req.bio.length;
  return say`Request ${name} ends with ${how}; ${bios === 0 ? "it has no bio" : `its ${amount(bios, "bio")} ${bios === 1 ? "ends" : "end"} with it`}.`;
}

export const interrupt: Area = {
  blkif_interrupt: [
    on(
      /connected !== "CONNECTED"/,
      (w) =>
        say`The device is ${w.info.connected.toLowerCase()}${w.info.connected === "CONNECTED" ? ", so responses are looked for" : ": the interrupt is ignored"}.`,
    ),
    on(
      /^const (k|sring)|^let i|^do|^more_to_do = false/,
      () => say`The back end has raised an event: there may be responses.`,
    ),
    on(/^const rp =/, (w) => {
      const { rsp_cons, sring } = w.info.ring;
      return say`${code("rsp_prod")} is ${sring?.rsp_prod ?? 0} and ${code("rsp_cons")} ${rsp_cons}: ${amount(((sring?.rsp_prod ?? 0) - rsp_cons) >>> 0, "response")} to take.`;
    }),
    on(
      /RING_GET_RESPONSE/,
      (w) =>
        say`The response in ring ${slotNo((w.number("i") & (w.info.ring.nr_ents - 1)) >>> 0)} is read.`,
    ),
    on(
      /^const id =/,
      (w) =>
        say`The response names shadow id ${answerOf(w).id}, ${blkif_op_text(answerOf(w).operation)}, status ${statusText(answerOf(w).status)}.`,
    ),
    on(
      /id >= BLK_RING_SIZE/,
      (w) =>
        w.number("id") >= w.info.ring.nr_ents
          ? say`Id ${answerOf(w).id_as_long} is beyond the ${w.info.ring.nr_ents} entries of the ring: the driver warns, and skips the response.`
          : say`Id ${w.number("id")} is one of the ring’s ${w.info.ring.nr_ents}; whether it is in use is not looked at.`,
      (w) => (w.number("id") >= w.info.ring.nr_ents ? "warning" : "plain"),
    ),
    on(/^const op =/, () => say`The operation is named for the message.`),
    on(/^const rq =/, () => say`The queue of the disk is what the requests came from.`),
    on(/^const shadow =/, (w) => say`Shadow entry ${w.number("id")} holds what the request used.`),
    on(/^const req =/, (w) => say`Shadow entry ${w.number("id")} says whose answer it is.`),
    on(
      /blkif_completion\(|!== BLKIF_OP_DISCARD/,
      (w) =>
        say`What the request used is given back${answerOf(w).operation === BLKIF_OP_READ && w.info.feature_persistent ? ", after its bytes are copied to the caller" : ""}: shadow entry ${w.number("id")}.`,
    ),
    on(/add_id_to_freelist/, (w) => say`Shadow id ${w.number("id")} goes back to the free ids.`),
    on(
      /^let error =/,
      (w) =>
        say`Status ${statusText(answerOf(w).status)} ends the request with ${answerOf(w).status === 0 ? "no error" : code("-EIO")}.`,
    ),
    on(/^switch/, (w) => say`The response’s operation is ${blkif_op_text(answerOf(w).operation)}.`),
    on(/^__blk_end_request_all/, ended),
    on(
      /^for \(i = /,
      (w) =>
        say`The responses are taken in ring order, from ${w.info.ring.rsp_cons} up to ${w.number("rp")}.`,
    ),
    on(
      /BLKIF_RSP_EOPNOTSUPP|BLKIF_RSP_ERROR &&/,
      (w) => say`The back end’s status is ${statusText(answerOf(w).status)}.`,
    ),
    on(/^if \(error\)/, (w) =>
      w.number("error") === 0
        ? say`There is no error.`
        : say`The flush has failed: the driver will not ask for one again.`,
    ),
    on(
      /feature_(sec)?discard = false/,
      () => say`The back end does not discard after all: the driver will not ask for it again.`,
    ),
    on(/rq\.queue_flags/, () => say`The block layer is told, so that nobody asks for it again.`),
    on(/^if \(error === -EOPNOTSUPP/, (w) =>
      w.number("error") === -95
        ? say`What the back end does not support ends as if it had succeeded.`
        : say`The error stays an error.`,
    ),
    on(
      /^error = -EOPNOTSUPP/,
      (w) =>
        say`The request ends with ${code("-EOPNOTSUPP")}${unsupported(w) ? ", as the back end says" : ", since an empty flush that fails is taken for one that is not supported"}.`,
    ),
    on(/^error = 0/, () => say`Nobody hears of the failure: the request ends with success.`),
    on(/feature_flush = 0/, () => say`The driver flushes no more on this disk.`),
    on(/^xlvbd_flush/, () => say`The block layer is told that the disk cannot flush.`),
    on(
      /^BUG\("blkif_interrupt/,
      (w) =>
        say`The driver does not know the response’s operation, ${blkif_op_text(answerOf(w).operation)}, and the kernel stops.`,
      () => "bug",
    ),
    on(
      /^message\(.*incorrect id/s,
      (w) => say`The driver warns: no request has id ${answerOf(w).id_as_long}.`,
      () => "warning",
    ),
    on(
      /^message\(.*recycled/s,
      (w) =>
        say`The driver warns that it cannot recycle id ${w.number("id")}. What the entry used went to the free list all the same.`,
      () => "warning",
    ),
    on(
      /^message\(/,
      (w) => say`The driver says that the ${blkif_op_text(answerOf(w).operation)} has failed.`,
      () => "warning",
    ),
    on(/^break/, () => say`The response is dealt with.`),
    on(
      /^i = \(i \+ 1/,
      (w) => say`The next response, if there is one, is at index ${(w.number("i") + 1) >>> 0}.`,
    ),
    on(/^continue/, () => say`The response is skipped.`),
    on(/^for/, (w) => {
      const left = ((w.info.ring.sring?.rsp_prod ?? 0) - w.number("i")) >>> 0;
      return left === 0
        ? say`Every response has been taken.`
        : say`${amount(left, "response")} ${left === 1 ? "is" : "are"} left to take.`;
    }),
    on(
      /rsp_cons = i/,
      (w) =>
        say`${code("rsp_cons")} moves to ${w.number("i")}: the slots up to there are free again.`,
    ),
    on(
      /req_prod_pvt\)/,
      (w) => {
        const left = outstanding(w);
        if (left === 0) return say`Nothing is outstanding.`;
        return left < 0
          ? say`${amount(-left, "response")} more ${left === -1 ? "was" : "were"} taken than requests were made: ${code("rsp_cons")} is ahead of ${code("req_prod_pvt")}.`
          : say`${amount(left, "request")} still ${left === 1 ? "waits" : "wait"} for an answer.`;
      },
      (w) => (outstanding(w) < 0 ? "warning" : "plain"),
    ),
    on(
      /RING_FINAL_CHECK/,
      (w) =>
        say`An event is asked for with the next response: ${code("rsp_event")} becomes ${w.info.ring.rsp_cons + 1}, and the ring is looked at once more.`,
    ),
    on(
      /rsp_event =/,
      (w) =>
        say`${code("rsp_event")} becomes ${w.number("i") + 1}: an event comes with the next response.`,
    ),
    on(/^while|more_to_do/, (w) =>
      w.value<boolean>("more_to_do")
        ? say`A response came in meanwhile, and is taken, too.`
        : say`No further response is there.`,
    ),
    on(/^kick_pending/, () => say`The ring has room again, so waiting requests are queued.`),
    on(/^return/, () => say`The interrupt is handled.`),
  ],
  op_name: [on(/./, (w) => say`${blkif_op_text(w.number("op"))} is named for the message.`)],
};
