//! How punctual carriers and routes are: a model of two parts.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use checkpoint::snapshot::{Bucket, BucketError, CannotRestore, Check, Model, Plain};
use serde::{Deserialize, Serialize};

/// The event. A flight without a departure was cancelled; one that departed and has no delay at its arrival went elsewhere.
#[derive(Debug, Deserialize)]
pub(crate) struct Flight {
    carrier: String,
    origin: String,
    destination: String,
    departure_delay_minutes: Option<i32>,
    arrival_delay_minutes: Option<i32>,
}

/// The whole model: both parts count each flight.
#[derive(Debug, Default)]
pub(crate) struct Delays {
    carriers: Carriers,
    routes: Routes,
}

/// A part that serde saves whole.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Carriers {
    figures: BTreeMap<String, Figures>,
}

/// A part that saves itself: by the origin of the flights, and then by their destination.
#[derive(Debug, Default)]
struct Routes {
    figures: BTreeMap<String, BTreeMap<String, Figures>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Figures {
    flights: u64,
    cancelled: u64,
    arrived: u64,
    /// Of those that arrived; less than 0 where they were early.
    minutes: i64,
    longest: Option<i32>,
}

impl Delays {
    pub(crate) fn add(&mut self, flight: &Flight) {
        let destinations = self.routes.figures.entry(flight.origin.clone()).or_default();
        destinations.entry(flight.destination.clone()).or_default().add(flight);
        self.carriers.figures.entry(flight.carrier.clone()).or_default().add(flight);
    }

    pub(crate) fn flights(&self) -> u64 {
        self.carriers.figures.values().map(|figures| figures.flights).sum()
    }

    pub(crate) fn minutes(&self) -> i64 {
        self.carriers.figures.values().map(|figures| figures.minutes).sum()
    }
}

impl Model for Delays {
    const NAME: &'static str = "delays";

    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
        bucket.save_part("carriers", &self.carriers)?;
        bucket.save_part("routes", &self.routes)
    }

    fn restore(&mut self, bucket: &Bucket) -> Result<(), CannotRestore> {
        bucket.restore_part("carriers", &mut self.carriers)?;
        bucket.restore_part("routes", &mut self.routes)
    }

    async fn check(&self) -> Check {
        let (carriers, routes) = (self.flights(), self.routes.flights());
        if carriers == routes {
            return Check::Valid;
        }
        Check::Rebuild(format!("the carriers have {carriers} flights, and the routes have {routes}"))
    }
}

impl Plain for Carriers {
    const NAME: &'static str = "carriers";
}

impl Routes {
    fn flights(&self) -> u64 {
        self.figures.values().flat_map(BTreeMap::values).map(|figures| figures.flights).sum()
    }
}

impl Model for Routes {
    const NAME: &'static str = "routes";

    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
        for (origin, destinations) in &self.figures {
            bucket.put_value(origin.as_str(), destinations)?;
        }
        Ok(())
    }

    fn restore(&mut self, bucket: &Bucket) -> Result<(), CannotRestore> {
        for origin in bucket.keys() {
            self.figures.insert(origin.to_owned(), bucket.value(origin)?);
        }
        Ok(())
    }
}

impl Figures {
    fn add(&mut self, flight: &Flight) {
        self.flights += 1;
        self.cancelled += u64::from(flight.departure_delay_minutes.is_none());
        if let Some(delay) = flight.arrival_delay_minutes {
            self.arrived += 1;
            self.minutes += i64::from(delay);
            self.longest = self.longest.max(Some(delay));
        }
    }

    /// In tenths of a minute, so that it is the same on every machine.
    fn mean(&self) -> Option<String> {
        let arrived = i64::try_from(self.arrived).ok().filter(|arrived| *arrived > 0)?;
        let tenths = self.minutes * 10 / arrived;
        let sign = if tenths < 0 { "-" } else { "" };
        Some(format!("{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10))
    }
}

/// A line for each carrier and each route, in the order of their names.
impl Display for Delays {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (carrier, figures) in &self.carriers.figures {
            writeln!(f, "carrier {carrier}: {figures}")?;
        }
        for (origin, destinations) in &self.routes.figures {
            for (destination, figures) in destinations {
                writeln!(f, "route {origin}-{destination}: {figures}")?;
            }
        }
        Ok(())
    }
}

impl Display for Figures {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { flights, cancelled, minutes, .. } = self;
        write!(f, "{flights} flights, {cancelled} cancelled; {minutes} minutes of delay")?;
        match (self.longest, self.mean()) {
            (Some(longest), Some(mean)) => write!(f, ", at most {longest}, on average {mean}"),
            _ => Ok(()),
        }
    }
}
