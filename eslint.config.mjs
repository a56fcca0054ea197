import js from "@eslint/js";
import globals from "globals";

const htmlFromText = ["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe", "createContextualFragment"];

export default [
  { ignores: ["static/vendor/", "node_modules/", ".venv/", "data/"] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      complexity: ["error", 10],
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "max-lines": ["error", 150],
      "no-console": ["error", { allow: ["error"] }],
      "no-eval": "error",
      "no-implicit-coercion": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-shadow": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
  {
    files: ["static/js/**/*.js"],
    languageOptions: { globals: globals.browser },
    rules: {
      "no-restricted-globals": [
        "error",
        { name: "fetch", message: "Only api.js talks to the service." },
        { name: "XMLHttpRequest", message: "Only api.js talks to the service." },
      ],
      "no-restricted-properties": [
        "error",
        ...htmlFromText.map((property) => ({ property, message: "Build the DOM with <template> and textContent." })),
        { object: "document", property: "write", message: "Build the DOM with <template> and textContent." },
        { object: "window", property: "fetch", message: "Only api.js talks to the service." },
        { object: "globalThis", property: "fetch", message: "Only api.js talks to the service." },
      ],
    },
  },
  { files: ["static/js/api.js"], rules: { "no-restricted-globals": "off" } },
  { files: ["static/js/format.js"], languageOptions: { globals: globals["shared-node-browser"] } },
  { files: ["tests/static/**/*.mjs"], languageOptions: { globals: globals.node } },
];
