"""The colours of a report's page, in light and dark; `templates/style.css.j2` says where they go."""

LIGHT = {
    "ground": "#ffffff", "panel": "#f5f7f9", "letters": "#1b1f24", "quiet": "#57606a", "edge": "#c4ccd4",
    "accent": "#0b5cad", "warning": "#9a3b00", "right": "11 92 173", "wrong": "190 80 0",
}  # fmt: skip
DARK = {
    "ground": "#14171b", "panel": "#1d2228", "letters": "#e8ebee", "quiet": "#a3adb8", "edge": "#454e58",
    "accent": "#79b8ff", "warning": "#ffb077", "right": "121 184 255", "wrong": "255 150 80",
}  # fmt: skip
