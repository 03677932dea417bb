//! A table of the user's, which stays in the browser.

use freespectra::data::{Curves, Dataset, Preparation, Search, StepSizes};
use freespectra::finite::Schedule;
use freespectra::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub struct Data {
    csv: String,
    /// Name or number from 1 of the column of the target; the last one without.
    target: Option<String>,
    #[serde(default)]
    standardize: bool,
    batches: Option<Vec<usize>>,
    epochs: Option<usize>,
}

/// Rows, columns, names.
struct Table {
    features: Vec<f64>,
    targets: Vec<f64>,
    columns: usize,
    target: String,
}

impl Data {
    fn table(&self) -> Result<Table> {
        let wrong = |value: String, allowed: &str| Error::argument("csv", value, allowed);
        let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|d| {
            self.csv.lines().next().unwrap_or_default().bytes().filter(|byte| byte == d).count()
        });
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(delimiter.unwrap_or(b','))
            .trim(csv::Trim::All)
            .from_reader(self.csv.as_bytes());
        let mut names: Option<Vec<String>> = None;
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for (index, record) in reader.records().enumerate() {
            let record = record.map_err(|error| wrong(error.to_string(), "rows of equally many numbers"))?;
            let numbers: std::result::Result<Vec<f64>, &str> =
                record.iter().map(|field| field.parse().map_err(|_| field)).collect();
            match numbers {
                Ok(row) => rows.push(row),
                Err(_) if index == 0 => names = Some(record.iter().map(str::to_owned).collect()),
                Err(field) => {
                    let line = record.position().map_or(index as u64 + 1, csv::Position::line);
                    return Err(wrong(format!("{field:?} in line {line}"), "numbers below the first line"));
                }
            }
        }
        let width = rows.first().map_or(0, Vec::len);
        if width < 2 {
            return Err(wrong(format!("{} rows of {width} columns", rows.len()), "features and a target"));
        }
        let names = names.unwrap_or_else(|| (1..=width).map(|column| column.to_string()).collect());
        let target = match self.target.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            None => width - 1,
            Some(text) => names
                .iter()
                .position(|name| name == text)
                .or_else(|| text.parse::<usize>().ok().filter(|n| (1..=width).contains(n)).map(|n| n - 1))
                .ok_or_else(|| {
                    Error::argument("target", text, format!("a column: one of {}", names.join(", ")))
                })?,
        };
        let (mut features, mut targets) = (Vec::with_capacity(rows.len() * (width - 1)), Vec::new());
        for row in rows {
            targets.push(row[target]);
            features.extend(row.iter().enumerate().filter(|(column, _)| *column != target).map(|(_, x)| x));
        }
        Ok(Table { features, targets, columns: width - 1, target: names[target].clone() })
    }

    pub fn answer(&self) -> Result<Value> {
        let Table { features, targets, columns, target } = self.table()?;
        let preparation = if self.standardize { Preparation::standardize() } else { Preparation::default() };
        let data = Dataset::from_row_major(&features, columns, Some(&targets), preparation)?;
        let epochs = self.epochs.unwrap_or(20);
        let mut batches = self.batches.clone().unwrap_or_else(|| vec![1, 2, 4, 8, 16]);
        batches.retain(|&count| count <= data.rows());
        let budget = format!("epochs:{epochs}").parse()?;
        let found = Search::new(&data, &batches)?.with_budget(budget)?.run()?;
        let best = found.best;
        let curve = Curves::new(&data, best.batches, StepSizes::Constant(best.step_size))?
            .with_partition(freespectra::finite::Partition::Fresh)
            .averaged(&Schedule::RandomReshuffling, epochs, 4, 0, None)?;
        let by_batches: Vec<Value> = found
            .by_batches
            .iter()
            .map(|c| json!({ "batches": c.batches, "step_size": c.step_size, "epochs": c.epochs, "test": c.test, "train": c.train }))
            .collect();
        let grid: Vec<Value> =
            found.grid.iter().map(|c| json!([c.batches, c.step_size * c.batches as f64, c.test])).collect();
        let steps = (0..curve.train.len()).map(|step| step as f64 / best.batches as f64).collect::<Vec<_>>();
        Ok(json!({
            "rows": data.rows(),
            "features": data.features(),
            "target": target,
            "verdict": format!("{:?}", data.certificate().verdict).to_lowercase(),
            "reasons": data.certificate().reasons,
            "best": { "batches": best.batches, "step_size": best.step_size, "epochs": best.epochs, "test": best.test, "train": best.train },
            "initial": found.initial,
            "by_batches": by_batches,
            "grid": grid,
            "epochs": steps,
            "train": curve.train,
            "test": curve.test,
        }))
    }
}
