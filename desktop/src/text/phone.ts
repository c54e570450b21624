/**
 * Phone numbers as people read them. Groups are known for the countries our customers mostly
 * write from; any other number is cut after its calling code into groups of three.
 */

// The two-digit calling codes; 1 and 7 have one digit and all others three (ITU E.164).
const TWO_DIGITS = new Set(
  (
    "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 " +
    "64 65 66 81 82 84 86 90 91 92 93 94 95 98"
  ).split(" "),
);

/** `+5511980001200` becomes `+55 11 98000-1200`. */
export function formatPhone(number: string): string {
  const digits = number.replace(/\D/g, "");
  if (digits === "") return number;
  const length = /^[17]/.test(digits) ? 1 : TWO_DIGITS.has(digits.slice(0, 2)) ? 2 : 3;
  return `+${digits.slice(0, length)} ${national(digits.slice(0, length), digits.slice(length))}`;
}

function national(code: string, rest: string): string {
  if (code === "55" && /^\d{10,11}$/.test(rest)) {
    return `${rest.slice(0, 2)} ${rest.slice(2, -4)}-${rest.slice(-4)}`;
  }
  if (code === "1" && rest.length === 10) {
    return `${rest.slice(0, 3)} ${rest.slice(3, 6)}-${rest.slice(6)}`;
  }
  return inThrees(rest);
}

function inThrees(rest: string): string {
  const groups: string[] = [];
  let at = 0;
  while (rest.length - at > 4) {
    groups.push(rest.slice(at, at + 3));
    at += 3;
  }
  return [...groups, rest.slice(at)].join(" ");
}
