// The remembered theme, before anything is painted: loaded as it stands, ahead of the styles, and so in plain JavaScript.

{
  let remembered = null;
  try {
    remembered = localStorage.getItem('octoporty.theme');
  } catch {
    // A browser that stores nothing has the system's theme.
    remembered = null;
  }
  if (remembered === 'light' || remembered === 'dark') document.documentElement.dataset.theme = remembered;
}
