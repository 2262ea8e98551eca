/** Prints a figure: in columns, or as one object a line. */
export type Say = (name: string, value: number, unit: string) => void;

export function sayer(json: boolean): Say {
  return (name, value, unit) => {
    if (json) console.log(JSON.stringify({ name, value: Number(value.toPrecision(5)), unit }));
    else console.log(`${name.padEnd(18)} ${value.toFixed(2).padStart(10)} ${unit}`);
  };
}
