/** Error numbers as the kernel returns them (negated where they are returned). */
export const EIO = 5;
export const ENOMEM = 12;
export const ENODEV = 19;
export const EINVAL = 22;
export const ENOSPC = 28;
export const EOPNOTSUPP = 95;
