//! The hair and the beard of a human.

use crate::canvas::{Canvas, Point};
use crate::color::Color;
use crate::face::Face;
use crate::likeness::{AgeGroup, Gender};
use crate::seeded_rng::SeededRng;

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Style {
    /// Boys and men.
    Tousled,
    Parted,
    Receding,
    /// Girls and women.
    Bob,
    Ponytail,
    TwinTails,
    Braids,
    Long,
    Bun,
    /// Gender unknown.
    Bowl,
}

/// One of the styles of a gender and an age.
pub(crate) fn style(seed: u64, gender: Gender, years: AgeGroup) -> Style {
    let styles: &[Style] = match (gender, years) {
        (Gender::Female, AgeGroup::Child) => &[Style::TwinTails, Style::Bob, Style::Ponytail],
        (Gender::Female, AgeGroup::Teen) => {
            &[Style::Bob, Style::Braids, Style::Ponytail, Style::Long]
        }
        (Gender::Female, AgeGroup::Adult) => &[Style::Long, Style::Bun, Style::Ponytail],
        (Gender::Female, AgeGroup::Elder) => &[Style::Bun],
        (Gender::Male, AgeGroup::Child | AgeGroup::Teen) => &[Style::Tousled],
        (Gender::Male, AgeGroup::Adult) => &[Style::Parted, Style::Tousled],
        (Gender::Male, AgeGroup::Elder) => &[Style::Receding, Style::Parted],
        (Gender::Unknown, _) => &[Style::Bowl],
    };
    *SeededRng::new(seed).pick(styles)
}

/// The hair behind the head.
pub(crate) fn behind(canvas: &mut Canvas, face: &Face, style: Style, color: Color) {
    let Point(x, y) = face.middle;
    let (rx, ry) = face.radius;
    let top = y - ry;
    match style {
        Style::Bob | Style::Bowl => {
            let (out, low) = (rx + 12.0, y + if style == Style::Bob { 30.0 } else { 10.0 });
            let path = format!(
                "M{}C{} {} {}L{}C{} {} {}Z",
                Point(x - out, low),
                Point(x - out - 4.0, top - 14.0),
                Point(x + out + 4.0, top - 14.0),
                Point(x + out, low),
                Point(x + out - 14.0, low + 6.0),
                Point(x + 12.0, low - 2.0),
                Point(x - 12.0, low - 2.0),
                Point(x - out + 14.0, low + 6.0)
            );
            canvas.path(&path, color);
        }
        Style::Long => {
            let out = rx + 13.0;
            let path = format!(
                "M{}C{} {} {}C{} {} {}H{}C{} {} {}Z",
                Point(x - out, y),
                Point(x - out, top - 18.0),
                Point(x + out, top - 18.0),
                Point(x + out, y),
                Point(x + out, y + 40.0),
                Point(x + out + 8.0, 140.0),
                Point(x + out + 2.0, 160.0),
                (x - out - 2.0).round(),
                Point(x - out - 8.0, 140.0),
                Point(x - out, y + 40.0),
                Point(x - out, y)
            );
            canvas.path(&path, color);
        }
        Style::Ponytail => {
            let path = format!(
                "M{}C{} {} {}C{} {} {}Z",
                Point(x + 14.0, top + 6.0),
                Point(x + 50.0, top - 18.0),
                Point(x + 66.0, y - 4.0),
                Point(x + 50.0, y + 40.0),
                Point(x + 46.0, y + 10.0),
                Point(x + 40.0, y - 6.0),
                Point(x + 20.0, y - 8.0)
            );
            canvas.path(&path, color);
        }
        Style::TwinTails => {
            for side in [-1.0, 1.0] {
                let path = format!(
                    "M{}C{} {} {}C{} {} {}Z",
                    Point(x + side * (rx - 4.0), top + 14.0),
                    Point(x + side * (rx + 30.0), top - 6.0),
                    Point(x + side * (rx + 34.0), y + 10.0),
                    Point(x + side * (rx + 16.0), y + 28.0),
                    Point(x + side * (rx + 12.0), y + 8.0),
                    Point(x + side * (rx + 6.0), y - 6.0),
                    Point(x + side * (rx - 6.0), y - 8.0)
                );
                canvas.path(&path, color);
            }
        }
        Style::Braids => {
            for side in [-1.0, 1.0] {
                let knots: Vec<_> = [0.0, 13.0, 26.0, 39.0]
                    .map(|down| Point(x + side * (rx + 5.0), y + 18.0 + down))
                    .into();
                canvas.dots(&knots, 8.5, color);
            }
        }
        Style::Bun => {
            canvas.circle(Point(x, top - 8.0), 15.0, color);
            canvas.ellipse(Point(x, y - 6.0), (rx + 7.0, ry), color);
        }
        Style::Tousled | Style::Parted | Style::Receding => {
            canvas.ellipse(Point(x, y - 8.0), (rx + 4.0, ry - 4.0), color);
        }
    }
}

/// The hair over the forehead.
pub(crate) fn in_front(canvas: &mut Canvas, face: &Face, style: Style, color: Color) {
    let Point(x, y) = face.middle;
    let (rx, ry) = face.radius;
    let out = rx + 3.0;
    // A curve from temple to temple passes above the head.
    let top = y - (ry + 6.0) / 0.75;
    let cap = format!(
        "M{}C{} {} {}",
        Point(x - out, y),
        Point(x - out + 2.0, top),
        Point(x + out - 2.0, top),
        Point(x + out, y)
    );
    let edge = y - ry * 0.42;
    let inner = match style {
        Style::Bob | Style::Bowl | Style::TwinTails => format!(
            "L{}C{} {} {}L{}L{}L{}L{}C{} {} {}Z",
            Point(x + rx - 4.0, y - 2.0),
            Point(x + rx - 6.0, edge + 4.0),
            Point(x + rx - 10.0, edge),
            Point(x + rx - 12.0, edge + 2.0),
            Point(x + 8.0, edge - 3.0),
            Point(x + 3.0, edge + 4.0),
            Point(x - 4.0, edge - 3.0),
            Point(x - rx + 12.0, edge + 2.0),
            Point(x - rx + 10.0, edge),
            Point(x - rx + 6.0, edge + 4.0),
            Point(x - rx + 4.0, y - 2.0)
        ),
        Style::Tousled => format!(
            "L{}L{}L{}L{}L{}L{}L{}L{}L{}Z",
            Point(x + rx - 3.0, y - 8.0),
            Point(x + rx - 8.0, edge + 1.0),
            Point(x + 15.0, edge - 8.0),
            Point(x + 8.0, edge + 3.0),
            Point(x, edge - 7.0),
            Point(x - 9.0, edge + 4.0),
            Point(x - 15.0, edge - 7.0),
            Point(x - rx + 7.0, edge + 2.0),
            Point(x - rx + 3.0, y - 8.0)
        ),
        Style::Parted => format!(
            "L{}C{} {} {}C{} {} {}Z",
            Point(x + rx - 3.0, y - 4.0),
            Point(x + rx - 5.0, edge - 2.0),
            Point(x + 6.0, edge - 2.0),
            Point(x - 12.0, y - ry + 4.0),
            Point(x - 18.0, edge - 4.0),
            Point(x - rx + 4.0, edge + 4.0),
            Point(x - rx + 3.0, y - 4.0)
        ),
        Style::Receding => format!(
            "L{}C{} {} {}C{} {} {}Z",
            Point(x + rx - 3.0, y - 2.0),
            Point(x + rx - 2.0, y - ry + 2.0),
            Point(x + 14.0, y - ry - 2.0),
            Point(x, y - ry - 3.0),
            Point(x - 14.0, y - ry - 2.0),
            Point(x - rx + 2.0, y - ry + 2.0),
            Point(x - rx + 3.0, y - 2.0)
        ),
        Style::Ponytail | Style::Braids | Style::Long | Style::Bun => format!(
            "L{}C{} {} {}C{} {} {}Z",
            Point(x + rx - 3.0, y + 2.0),
            Point(x + rx - 4.0, edge - 2.0),
            Point(x + 12.0, edge - 4.0),
            Point(x + 3.0, y - ry + 3.0),
            Point(x - 12.0, edge - 2.0),
            Point(x - rx + 5.0, edge),
            Point(x - rx + 3.0, y + 2.0)
        ),
    };
    canvas.path(&(cap + &inner), color);
    if style == Style::TwinTails {
        let ties = [-1.0, 1.0].map(|side| Point(x + side * (rx + 2.0), y - ry + 14.0));
        canvas.dots(&ties, 4.5, Color(0xd8_5a4a));
    }
}

pub(crate) fn draw_beard(canvas: &mut Canvas, face: &Face, color: Color) {
    let Point(x, y) = face.middle;
    let (rx, ry) = face.radius;
    let path = format!(
        "M{}C{} {} {}C{} {} {}C{} {} {}Z",
        Point(x - rx, y + 2.0),
        Point(x - rx, y + ry + 16.0),
        Point(x + rx, y + ry + 16.0),
        Point(x + rx, y + 2.0),
        Point(x + rx - 5.0, y + 16.0),
        Point(x + 14.0, y + 12.0),
        Point(x, y + 13.0),
        Point(x - 14.0, y + 12.0),
        Point(x - rx + 5.0, y + 16.0),
        Point(x - rx, y + 2.0)
    );
    canvas.path(&path, color);
}
