/** Virtual device numbers, the names that Linux gives to them, and the kernel's device numbers. */

const XVD_MAJOR = 202;
const EXTENDED = 1 << 28;
const EXTENDED_MINORS = 256;
const CLASSIC_DISKS = 16;

function letters(index: number): string {
  const high = Math.floor(index / 26) - 1;
  return (high >= 0 ? letters(high) : "") + String.fromCharCode(97 + (index % 26));
}

/** `xvda` for 51712; the number itself where the name depends on the toolstack. */
export function diskName(vdev: number): string {
  if (vdev >= EXTENDED) return `xvd${letters((vdev - EXTENDED) >> 8)}`;
  if (vdev >> 8 === XVD_MAJOR) return `xvd${letters((vdev & 0xff) >> 4)}`;
  return String(vdev);
}

/** 51712 for `xvda`; null for what is no name of a whole Xen disk. */
export function vdevOfName(name: string): number | null {
  const match = /^(?:\/dev\/)?xvd([a-z]{1,2})$/.exec(name);
  if (!match) return null;
  let index = 0;
  for (const letter of match[1] ?? "") index = index * 26 + letter.charCodeAt(0) - 96;
  index -= 1;
  return index < CLASSIC_DISKS
    ? (XVD_MAJOR << 8) | (index << 4)
    : EXTENDED + index * EXTENDED_MINORS;
}

/** The kernel's `major,minor` of the disk, as trace events print it. */
export function deviceNumbers(vdev: number): string {
  if (vdev >= EXTENDED) return `${XVD_MAJOR},${vdev - EXTENDED}`;
  return `${vdev >> 8},${vdev & 0xff}`;
}

/** The inverse of `deviceNumbers`; null for a device that is no Xen disk. */
export function vdevOfDeviceNumbers(device: string): number | null {
  const [major, minor] = device.split(",").map(Number);
  if (major !== XVD_MAJOR || minor === undefined || !Number.isInteger(minor)) return null;
  return minor < 256 ? (XVD_MAJOR << 8) | minor : EXTENDED + minor;
}
