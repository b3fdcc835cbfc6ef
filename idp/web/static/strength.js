// Says in words how a new password fares while it is typed.  Nothing leaves the page, and the server decides.
const forward = "abcdefghijklmnopqrstuvwxyz 01234567890 qwertyuiop asdfghjkl zxcvbnm qwertzuiop azertyuiop qsdfghjklm";
const walks = `${forward} ${[...forward].reverse().join("")}`;
const fold = (text) => text.normalize("NFKC").toLowerCase();

// "abcd" → "a": neighbours on the keyboard or in the alphabet count once.
function withoutWalks(text) {
  let rest = "";
  for (let start = 0, end; start < text.length; start = end) {
    end = start + 1;
    while (end < text.length && walks.includes(text.slice(start, end + 1))) end++;
    if (end - start < 3) end = start + 1;
    rest += text[start];
  }
  return rest;
}

const withoutRepeats = (text) => text.replace(/(.+?)\1{2,}|(.{3,}?)\2+/gsu, "$1$2");

function withoutWords(text, known) {
  const words = new Set(known.flatMap((one) => [one, ...one.split(/[^\p{L}\p{N}]+/u)]));
  return [...words].filter((word) => word.length > 2).sort((a, b) => b.length - a.length)
    .reduce((rest, word) => rest.replaceAll(word, ""), text);
}

function judge(password, minimum, known) {
  const typed = [...password.normalize("NFC")].length;
  if (typed === 0) return ["", 0];
  if (typed < minimum) return ["short", typed];
  const folded = fold(password).slice(0, 256);
  const rest = withoutWords(folded, known);
  if (rest !== folded && rest.replace(/[^\p{L}]+/gu, "").length < 6) return ["known", typed];
  const once = withoutRepeats(withoutWalks(withoutRepeats(folded)));
  return [new Set(once).size < 6 ? "simple" : "good", typed];
}

for (const box of document.querySelectorAll("[data-strength]")) {
  const field = document.getElementById(box.dataset.strength);
  const words = box.querySelector("[role=status]");
  let later;
  const show = () => {
    const others = box.dataset.fields.split(" ").map((id) => document.getElementById(id)?.value ?? "");
    const known = [...box.dataset.words.split(" "), ...others].map(fold);
    const [verdict, typed] = judge(field.value, Number(box.dataset.minimum), known);
    box.dataset.verdict = verdict;
    clearTimeout(later); // a screen reader hears where the typing stopped, not every key
    later = setTimeout(() => { words.textContent = (box.dataset[verdict] ?? "").replace("{typed}", typed); }, 400);
  };
  field.addEventListener("input", show);
  show();
  box.hidden = false;
}
