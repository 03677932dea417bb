//! The palette of Okabe and Ito, which readers with any colour vision can tell apart.

/// A colour of a layer: the palette of Okabe and Ito (2008), and two greys for the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Black.
    Black,
    /// Orange.
    Orange,
    /// Light blue.
    SkyBlue,
    /// Green with a touch of blue.
    BluishGreen,
    /// Yellow; too pale for thin lines on white.
    Yellow,
    /// Blue.
    Blue,
    /// Orange red.
    Vermillion,
    /// Pink.
    ReddishPurple,
    /// Middle grey, for lines that are not the subject of the figure.
    Grey,
    /// Light grey, for areas.
    LightGrey,
}

impl Colour {
    /// Colours of the lines and markers that were given none, in turn.
    pub(super) const CYCLE: [Self; 6] =
        [Self::Vermillion, Self::Blue, Self::BluishGreen, Self::ReddishPurple, Self::Orange, Self::SkyBlue];

    /// Red, green and blue components.
    pub fn rgb(self) -> (u8, u8, u8) {
        match self {
            Self::Black => (0, 0, 0),
            Self::Orange => (230, 159, 0),
            Self::SkyBlue => (86, 180, 233),
            Self::BluishGreen => (0, 158, 115),
            Self::Yellow => (240, 228, 66),
            Self::Blue => (0, 114, 178),
            Self::Vermillion => (213, 94, 0),
            Self::ReddishPurple => (204, 121, 167),
            Self::Grey => (110, 110, 110),
            Self::LightGrey => (190, 190, 190),
        }
    }
}

/// A colour as it is laid on the page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ink {
    pub rgb: (u8, u8, u8),
    pub alpha: f64,
}

impl Ink {
    pub const WHITE: Self = Self { rgb: (255, 255, 255), alpha: 1.0 };
    /// Titles, labels of axes and legends.
    pub const TEXT: Self = Self { rgb: (20, 20, 20), alpha: 1.0 };
    /// Subtitles and numbers along the axes.
    pub const SOFT_TEXT: Self = Self { rgb: (70, 70, 70), alpha: 1.0 };
    /// The frame of the plot area and its tick marks.
    pub const FRAME: Self = Self { rgb: (60, 60, 60), alpha: 1.0 };
    /// Grid lines.
    pub const GRID: Self = Self { rgb: (232, 232, 232), alpha: 1.0 };

    /// The same colour, see-through.
    pub fn fade(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// Opaque mixture with white: `strength` 1 is the colour itself.
    pub fn tint(self, strength: f64) -> Self {
        let mix = |c: u8| (255.0 - strength * (255.0 - f64::from(c))).round() as u8;
        Self { rgb: (mix(self.rgb.0), mix(self.rgb.1), mix(self.rgb.2)), alpha: self.alpha }
    }
}

impl From<Colour> for Ink {
    fn from(colour: Colour) -> Self {
        Self { rgb: colour.rgb(), alpha: 1.0 }
    }
}
