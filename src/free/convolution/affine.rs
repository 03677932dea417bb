//! Affine images.

use num_complex::Complex64;

use crate::error::Result;
use crate::free::{FreeLaw, FreeLevy, Law};
use crate::law::{Ensemble, Singularity};
use crate::population::Atom;

/// The law of `scale x + shift`.
#[derive(Debug)]
struct Affine {
    law: Law,
    scale: f64,
    shift: f64,
}

impl Law {
    /// The law of `scale x + shift`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] if `scale` is zero, one of the two is not finite, or rounding does not
    /// leave the law intact.
    pub fn affine(&self, scale: f64, shift: f64) -> Result<Law> {
        let spectral = self.spectral().affine(scale, shift)?;
        if (scale, shift) == (1.0, 0.0) {
            return Ok(self.clone());
        }
        Ok(Law::with_spectral(Affine { law: self.clone(), scale, shift }, spectral))
    }
}

impl Affine {
    fn image(&self, x: f64) -> f64 {
        self.scale * x + self.shift
    }
}

impl FreeLaw for Affine {
    fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        let argument = (z - self.shift) / self.scale;
        if self.scale > 0.0 {
            self.law.cauchy_transform(argument) / self.scale
        } else {
            // The map exchanges the half-planes.
            self.law.cauchy_transform(argument.conj()).conj() / self.scale
        }
    }

    fn support(&self) -> Vec<[f64; 2]> {
        let mut support: Vec<[f64; 2]> = self.law.spectral().support_with_atoms();
        for [low, high] in &mut support {
            (*low, *high) = (self.image(*low), self.image(*high));
            if self.scale < 0.0 {
                std::mem::swap(low, high);
            }
        }
        support.sort_by(|a, b| a[0].total_cmp(&b[0]));
        support
    }

    fn atoms(&self) -> Vec<Atom> {
        let image = |atom: &Atom| Atom { location: self.image(atom.location), mass: atom.mass };
        self.law.point_masses().iter().map(image).collect()
    }

    fn singularities(&self) -> Vec<Singularity> {
        let singularities = self.law.singularities().into_iter();
        singularities.map(|singularity| singularity.affine(self.scale, self.shift)).collect()
    }

    fn levy(&self) -> Option<FreeLevy> {
        self.law.levy().map(|levy| levy.affine(self.scale, self.shift))
    }

    fn ensemble(&self) -> Option<Ensemble> {
        Some(Ensemble::Affine { scale: self.scale, shift: self.shift, of: Box::new(self.law.ensemble()) })
    }

    fn moments(&self, count: usize) -> Vec<f64> {
        let mut moments = vec![1.0];
        moments.extend(self.law.moments(count));
        let mut image = Vec::with_capacity(count);
        for order in 1..=count {
            // Binomial coefficients times powers of the shift, from the highest power of x down.
            let (mut sum, mut weight) = (0.0, 1.0);
            for (down, moment) in moments[..=order].iter().rev().enumerate() {
                sum += weight * self.scale.powi((order - down) as i32) * moment;
                weight *= self.shift * (order - down) as f64 / (down + 1) as f64;
            }
            image.push(sum);
        }
        image
    }

    fn free_cumulants(&self, count: usize) -> Vec<f64> {
        let mut cumulants = self.law.free_cumulants(count);
        for (index, cumulant) in cumulants.iter_mut().enumerate() {
            *cumulant *= self.scale.powi(index as i32 + 1);
        }
        if let Some(mean) = cumulants.first_mut() {
            *mean += self.shift;
        }
        cumulants
    }
}
