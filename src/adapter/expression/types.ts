/** C's integer types as the guest's compiler has them: a `long` has 64 bits, a `char` has a sign. */

export interface IntegerType {
  /** As it is usually written: `unsigned int` for `unsigned`. */
  readonly name: string;
  /** 1 of a `bool`, which is no number modulo 2 but true for all except 0. */
  readonly bits: 1 | 8 | 16 | 32 | 64;
  readonly signed: boolean;
}

type Bits = IntegerType["bits"];

export const INT: IntegerType = { name: "int", bits: 32, signed: true };
export const UNSIGNED_INT: IntegerType = { name: "unsigned int", bits: 32, signed: false };
export const LONG: IntegerType = { name: "long", bits: 64, signed: true };
export const UNSIGNED_LONG: IntegerType = { name: "unsigned long", bits: 64, signed: false };

function named(bits: Bits, signed: boolean, names: string): IntegerType[] {
  return names.split(" ").map((name) => ({ name, bits, signed }));
}

/** Types with a name of one word: the kernel's, Xen's and those of the values that the debugger shows. */
const TYPEDEFS: readonly IntegerType[] = [
  ...named(1, false, "bool _Bool"),
  ...named(8, false, "u8 __u8 uint8_t"),
  ...named(8, true, "s8 __s8 int8_t"),
  ...named(16, false, "u16 __u16 uint16_t blkif_vdev_t domid_t"),
  ...named(16, true, "s16 __s16 int16_t"),
  ...named(32, false, "u32 __u32 uint32_t grant_ref_t RING_IDX evtchn_port_t dev_t gfp_t"),
  ...named(32, true, "s32 __s32 int32_t atomic_t"),
  ...named(64, false, "u64 __u64 uint64_t size_t sector_t blkif_sector_t uintptr_t phys_addr_t"),
  ...named(64, true, "s64 __s64 int64_t ssize_t loff_t"),
];

const BASES: readonly (readonly [string, Bits])[] = [
  ["char", 8],
  ["short", 16],
  ["int", 32],
  ["long", 64],
  ["long long", 64],
];

/** The words of a type may stand in any order. */
function key(spelling: string): string {
  return spelling.split(" ").sort().join(" ");
}

/** A base type with everything that may stand around it. */
function spellings([base, bits]: readonly [string, Bits]): (readonly [string, IntegerType])[] {
  const signed = { name: base, bits, signed: true };
  const unsigned = { name: `unsigned ${base}`, bits, signed: false };
  const long = base === "int" || base === "char" ? [base] : [base, `${base} int`];
  return long.flatMap((spelling) => [
    [key(spelling), signed] as const,
    [key(`signed ${spelling}`), signed] as const,
    [key(`unsigned ${spelling}`), unsigned] as const,
  ]);
}

const TYPES: ReadonlyMap<string, IntegerType> = new Map([
  ...TYPEDEFS.map((type) => [type.name, type] as const),
  ...BASES.flatMap(spellings),
  ["signed", INT],
  ["unsigned", UNSIGNED_INT],
]);

/** The words that the names of integer types are made of. */
export const TYPE_WORDS: readonly string[] = [
  ...["unsigned", "signed", "char", "short", "int", "long"],
  ...TYPEDEFS.map(({ name }) => name),
];

/** The integer type of a name, whose words have one space between them. */
export function integerType(name: string): IntegerType | undefined {
  return TYPES.get(key(name));
}

/** Makes a number one of the type, as C converts it: it loses its upper bits, and what is left says its sign. */
export function wrap(value: bigint, type: IntegerType): bigint {
  if (type.bits === 1) return value === 0n ? 0n : 1n;
  return type.signed ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value);
}

/** C's usual arithmetic conversions: the type in which an operator works on two numbers. */
export function common(left: IntegerType, right: IntegerType): IntegerType {
  const [a, b] = [promoted(left), promoted(right)];
  if (a.bits !== b.bits) return a.bits > b.bits ? a : b;
  return a.signed ? b : a;
}

/** C's integer promotion: nothing is calculated in less than an `int`. */
export function promoted({ bits, signed }: IntegerType): IntegerType {
  if (bits === 64) return signed ? LONG : UNSIGNED_LONG;
  return bits === 32 && !signed ? UNSIGNED_INT : INT;
}

/** A constant's value and type, from its token; undefined for one that 64 bits do not hold. */
export function constant(token: string): { value: bigint; type: IntegerType } | undefined {
  const [, digits = "", suffix = ""] = /^(.*?)([ul]*)$/i.exec(token) ?? [];
  const value = BigInt(digits.replace(/^0(?=\d)/, "0o"));
  const unsigned = /u/i.test(suffix);
  const types = [INT, UNSIGNED_INT, LONG, UNSIGNED_LONG].filter(
    ({ signed, bits }) => !(unsigned && signed) && !(/l/i.test(suffix) && bits < 64),
  );
  // A decimal constant without a `u` is never an unsigned int.
  const fits = types.filter((type) => wrap(value, type) === value);
  const type = fits.find((one) => unsigned || digits.startsWith("0") || one !== UNSIGNED_INT);
  return type === undefined ? undefined : { value, type };
}
