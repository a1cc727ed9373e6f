// What the form lets its page do with the focus.

export interface FormFocus {
  readonly focusFirst: () => void;
  /** Once the errors are shown. */
  readonly focusFirstWrong: () => Promise<void>;
}
