//! The dataflow engine of otel-arrow, as its own binary starts it, with just the nodes that the cells use.

use clap::Parser;
use otel_arrow_dfe_config::engine::OtelDataflowSpec;
use otel_arrow_dfe_controller::{Controller, startup};
// Linking it registers its nodes.
use otel_arrow_dfe_core_nodes as _;
use otel_arrow_dfe_otap::OTAP_PIPELINE_FACTORY;
use std::{error::Error, path::PathBuf};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[derive(Parser)]
struct Args {
    #[arg(short, long)]
    config: PathBuf,
    #[arg(long)]
    num_cores: Option<usize>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    otel_arrow_dfe_otap::crypto::install_crypto_provider()?;
    let mut config = OtelDataflowSpec::from_file(&args.config)?;
    startup::apply_cli_overrides(&mut config, args.num_cores, None, None);
    startup::validate_engine_components(&config, &OTAP_PIPELINE_FACTORY)?;
    Controller::new(&OTAP_PIPELINE_FACTORY).run_forever(config)?;
    Ok(())
}
