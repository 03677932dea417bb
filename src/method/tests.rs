use super::*;

/// `F` and `b` of a step with everything in it, against the equations written out.
#[test]
fn a_step_is_what_its_equations_say() {
    let (alpha, mu, ridge, decay, rho, t) = (0.2, 0.7, 0.3, 0.11, 0.25, 4.0);
    let factor = 0.5 * (1.0 + (std::f64::consts::PI * 0.3).cos());
    let method = Method::new()
        .with_momentum(Momentum::nesterov(mu).unwrap())
        .with_ridge(ridge)
        .and_then(|method| method.with_decay(decay))
        .and_then(|method| method.with_start(Start::Zero))
        .and_then(|method| method.with_step_schedule(StepSchedule::Cosine))
        .and_then(|method| method.with_average(Average::Exponential(rho)))
        .unwrap()
        .with_preconditioner(Preconditioner::Power(-0.5));
    assert_eq!((method.size(), method.initial()), (4, vec![1.0, 0.0, -1.0, 1.0]));
    let linear = method.linear(3, 10, alpha, t);
    let ([e, v, teacher, m], gradient) = ([0.4, -0.7, 1.3, 0.9], 2.1);
    let step = alpha * factor;
    let pull = gradient + ridge * (e + mu * v + teacher);
    let velocity = mu * v - step / t.sqrt() * pull;
    let next = e + velocity - step * decay * (e + teacher);
    let expected = [next, velocity, teacher, (1.0 - rho) * m + rho * next];
    for (i, (kept, expected)) in linear.apply(&[e, v, teacher, m]).iter().zip(expected).enumerate() {
        let found = kept - linear.gain[i] * gradient;
        assert!((found - expected).abs() < 1e-15, "{i}: {found} against {expected}");
    }
    assert_eq!(method.query(3), [1.0, mu, 0.0, 0.0]);
}

#[test]
fn averages_are_those_of_the_iterates() {
    let values: Vec<f64> = (0..9).map(|s| f64::from(s * s) - 3.0).collect();
    let along = |average: Average| {
        let mut m = values[0];
        for (s, value) in values[1..].iter().enumerate() {
            m += average.rate(s) * (value - m);
        }
        m
    };
    let mean = |from: usize| values[from..].iter().sum::<f64>() / (values.len() - from) as f64;
    assert!((along(Average::Polyak) - mean(0)).abs() < 1e-14);
    assert!((along(Average::Tail(5)) - mean(5)).abs() < 1e-14);
    assert_eq!(along(Average::Tail(20)), values[8]);
    let weights = (0..9).map(|s| if s == 0 { 0.7f64.powi(8) } else { 0.3 * 0.7f64.powi(8 - s) });
    let exponential: f64 = weights.zip(&values).map(|(w, value)| w * value).sum();
    assert!((along(Average::Exponential(0.3)) - exponential).abs() < 1e-13);
}

#[test]
fn text_round_trips_and_rejects() {
    for text in ["polyak", "tail:12", "ema:0.1"] {
        assert_eq!(text.parse::<Average>().unwrap().to_string(), text);
    }
    for text in ["", "tail", "tail:-1", "ema:0", "ema:2", "ema:nan", "mean"] {
        assert!(text.parse::<Average>().is_err(), "{text:?}");
    }
    for text in ["constant", "cosine", "warmup:10", "inverse-time:20"] {
        assert_eq!(text.parse::<StepSchedule>().unwrap().to_string(), text);
    }
    for text in ["", "warmup", "warmup:0", "inverse-time:0", "inverse-time:nan", "step"] {
        assert!(text.parse::<StepSchedule>().is_err(), "{text:?}");
    }
}

#[test]
fn factors_of_schedules() {
    let piecewise = StepSchedule::Piecewise(vec![(2, 0.5), (4, 0.1)]);
    assert_eq!([0, 1, 2, 3, 4, 9].map(|s| piecewise.factor(s, 10)), [1.0, 1.0, 0.5, 0.5, 0.1, 0.1]);
    assert_eq!([0, 1, 3, 4].map(|s| StepSchedule::WarmUp(4).factor(s, 10)), [0.25, 0.5, 1.0, 1.0]);
    assert_eq!(StepSchedule::InverseTime(20.0).factor(20, 100), 0.5);
    assert_eq!(StepSchedule::Cosine.factor(0, 8), 1.0);
    assert!((StepSchedule::Cosine.factor(4, 8) - 0.5).abs() < 1e-15);
    let wild = StepSchedule::Function(Arc::new(|s, _| if s == 0 { f64::NAN } else { -1.0 }));
    assert_eq!([wild.factor(0, 2), wild.factor(1, 2)], [0.0, 0.0]);
    assert!(StepSchedule::Piecewise(vec![(4, 0.1), (2, 0.5)]).validate().is_err());
}

#[test]
fn parameters_out_of_range_are_refused() {
    for momentum in [-0.1, 1.0, f64::NAN] {
        assert!(Momentum::heavy_ball(momentum).is_err() && Momentum::nesterov(momentum).is_err());
    }
    assert!(Method::new().with_ridge(-1.0).is_err());
    assert!(Method::new().with_decay(f64::INFINITY).is_err());
    assert!(Method::new().with_gradient_noise(-1.0).is_err());
    assert!(Method::new().with_label_noise(f64::NAN).is_err());
    assert!(Method::new().with_start(Start::Anywhere { square: 1.0, overlap: 1.1 }).is_err());
    let many = (1..10).try_fold(Method::new(), |method, s| method.with_average(Average::Tail(s)));
    assert!(many.is_err());
}
