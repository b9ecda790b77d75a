"""Makes the fonts of this folder from DejaVu Sans Condensed; needed only when the set of glyphs changes.

    python autograd/drawing/fonts/make.py /usr/share/fonts/truetype/dejavu

The folder given is that of Debian's package fonts-dejavu-extra; the tool needed is fonttools.  The same
fonts and the same version of the tool give the same bytes.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
STYLES = {"regular": "DejaVuSansCondensed", "italic": "DejaVuSansCondensed-Oblique", "bold": "DejaVuSansCondensed-Bold"}

# Latin, Greek and Cyrillic letters for labels, and the mathematics that cards and edges are written in.
_LETTERS = [(0x20, 0x7E), (0xA0, 0x17F), (0x384, 0x3CE), (0x400, 0x45F)]
_SIGNS = "ƒϕϵ†‡•…′″ⁿᵀ€∂∆∇∏∑−∓∘∙√∛∞∫≈≠≡≤≥⋅⋮⋯←↑→↓↔⇒ʰʲʳʷʸˣˢˡᵃᵇᵈᵉᵍᵏᵐᵒᵖᵗᵘᵛ▶◀■□●○✓✗\ufffd\u200b"
_RANGES = [(0x2070, 0x209C), (0x2013, 0x201E), (0x2460, 0x2468), (0x1E80, 0x1E85), (0x300, 0x304)]
EVERYTHING = {c for first, last in _LETTERS + _RANGES for c in range(first, last + 1)} | set(map(ord, _SIGNS))
# Bold is for gradients, numbers all of them.
GLYPHS = {"regular": EVERYTHING, "italic": EVERYTHING, "bold": set(map(ord, "0123456789.e+-−∞NaN×=Σ "))}


def main(folder: Path) -> None:
    # By name, because only this program needs fonttools.
    tool: Any = import_module("fontTools.subset")
    advances: dict[str, Any] = {}
    for style, name in STYLES.items():
        options = tool.Options(hinting=False, desubroutinize=True, layout_features=[], notdef_outline=True)
        options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13]
        font = tool.load_font(folder / f"{name}.ttf", options)
        subsetter = tool.Subsetter(options)
        subsetter.populate(unicodes=GLYPHS[style])
        subsetter.subset(font)
        tool.save_font(font, HERE / f"{style}.ttf", options)
        em = font["head"].unitsPerEm
        widths = {chr(c): round(1000 * font["hmtx"][glyph][0] / em) for c, glyph in font.getBestCmap().items()}
        grouped: dict[str, str] = {}
        for character, advance in sorted(widths.items()):
            grouped[str(advance)] = grouped.get(str(advance), "") + character
        advances[style] = grouped
    text = json.dumps(advances, ensure_ascii=True, indent=1)
    (HERE / "advances.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
