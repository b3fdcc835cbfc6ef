// Shows and hides a password: reveals the button that waits beside the field, and hides the text again on submit.
for (const button of document.querySelectorAll("[data-reveals]")) {
  const field = document.getElementById(button.dataset.reveals);
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.textContent = shown ? button.dataset.hide : button.dataset.show;
    button.setAttribute("aria-label", shown ? button.dataset.hideLabel : button.dataset.showLabel);
  };
  button.addEventListener("click", () => show(field.type === "password"));
  // A browser remembers what was typed into a text field, and must not remember a password that way.
  field.form.addEventListener("submit", () => show(false));
  show(false);
  button.hidden = false;
}
