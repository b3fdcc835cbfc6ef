// Says that a form is on its way, and sends it once.
const status = document.getElementById("status");
const reset = [];

for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => {
    if (form.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      return;
    }
    form.setAttribute("aria-busy", "true");
    reset.push(() => form.removeAttribute("aria-busy"));
    const button = event.submitter ?? form.querySelector("button:not([type=button])");
    // Not `disabled`: a disabled button takes neither focus nor part in what is sent.
    for (const one of form.querySelectorAll("button:not([type=button])")) {
      one.setAttribute("aria-disabled", "true");
      reset.push(() => one.removeAttribute("aria-disabled"));
    }
    if (button?.dataset.busy) {
      const label = [...button.childNodes];
      button.textContent = button.dataset.busy;
      status.textContent = button.dataset.busy;
      reset.push(() => { button.replaceChildren(...label); status.textContent = ""; });
    }
  });
}

// "Back" may bring this very page out of the browser's memory, still busy.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) reset.splice(0).forEach((undo) => undo());
});
