//! Clouds that say in the environment or in a file where the agent runs.

use super::{Found, Machine, found, text};
use serde_json::Value as Json;

/// AWS Lambda.
pub(super) fn lambda(machine: &Machine) -> Result<Found, String> {
    let name = needed(machine, "AWS_LAMBDA_FUNCTION_NAME")?;
    let variable = |name| machine.variable(name);
    let memory = variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|mib| mib.parse::<i64>().ok());
    let list = |name| variable(name).map(|one| Json::from(vec![one]));
    Ok(found([
        ("cloud.provider", text(Some("aws"))),
        ("cloud.platform", text(Some("aws_lambda"))),
        ("cloud.region", text(variable("AWS_REGION"))),
        ("faas.name", text(Some(name))),
        ("faas.version", text(variable("AWS_LAMBDA_FUNCTION_VERSION"))),
        ("faas.instance", text(variable("AWS_LAMBDA_LOG_STREAM_NAME"))),
        ("faas.max_memory", memory.and_then(|mib| mib.checked_mul(1 << 20)).map(Json::from)),
        ("aws.log.group.names", list("AWS_LAMBDA_LOG_GROUP_NAME")),
        ("aws.log.stream.names", list("AWS_LAMBDA_LOG_STREAM_NAME")),
    ]))
}

/// AWS Elastic Beanstalk; the file is there where X-Ray is enabled.
pub(super) fn elastic_beanstalk(machine: &Machine) -> Result<Found, String> {
    const PATH: &str = "var/elasticbeanstalk/xray/environment.conf";
    let file = machine.file(PATH).ok_or_else(|| format!("/{PATH} cannot be read: is X-Ray enabled?"))?;
    let file: Json = serde_json::from_str(&file).map_err(|error| format!("/{PATH}: {error}"))?;
    let field = |name: &str| match file.get(name)? {
        Json::String(text) => Some(Json::from(text.as_str())),
        Json::Number(number) => Some(Json::from(number.to_string())),
        _ => None,
    };
    Ok(found([
        ("cloud.provider", text(Some("aws"))),
        ("cloud.platform", text(Some("aws_elastic_beanstalk"))),
        ("deployment.environment.name", field("environment_name")),
        ("service.instance.id", field("deployment_id")),
        ("service.version", field("version_label")),
    ]))
}

/// Google Cloud Run.
pub(super) fn cloud_run(machine: &Machine) -> Result<Found, String> {
    let name = needed(machine, "K_SERVICE").or_else(|_| needed(machine, "CLOUD_RUN_JOB"));
    let name = name.map_err(|_| "neither K_SERVICE nor CLOUD_RUN_JOB is set")?;
    let variable = |name| machine.variable(name);
    let task = variable("CLOUD_RUN_TASK_INDEX").and_then(|task| task.parse::<i64>().ok());
    Ok(found([
        ("cloud.provider", text(Some("gcp"))),
        ("cloud.platform", text(Some("gcp_cloud_run"))),
        ("faas.name", text(Some(name))),
        ("faas.version", text(variable("K_REVISION"))),
        ("gcp.cloud_run.job.execution", text(variable("CLOUD_RUN_EXECUTION"))),
        ("gcp.cloud_run.job.task_index", task.map(Json::from)),
    ]))
}

/// Azure App Service.
pub(super) fn azure_app_service(machine: &Machine) -> Result<Found, String> {
    let name = needed(machine, "WEBSITE_SITE_NAME")?;
    let variable = |name| machine.variable(name);
    // `<subscription>+<group>-<region>webspace`
    let account = variable("WEBSITE_OWNER_NAME").and_then(|owner| owner.split('+').next());
    Ok(found([
        ("cloud.provider", text(Some("azure"))),
        ("cloud.platform", text(Some("azure_app_service"))),
        ("cloud.region", text(variable("REGION_NAME"))),
        ("cloud.account.id", text(account)),
        ("deployment.environment.name", text(variable("WEBSITE_SLOT_NAME"))),
        ("service.name", text(Some(name))),
        ("service.instance.id", text(variable("WEBSITE_INSTANCE_ID"))),
        ("host.id", text(variable("WEBSITE_HOSTNAME"))),
    ]))
}

/// Heroku, where the dyno's metadata is enabled.
pub(super) fn heroku(machine: &Machine) -> Result<Found, String> {
    let app = needed(machine, "HEROKU_APP_ID")?;
    let variable = |name| machine.variable(name);
    Ok(found([
        ("cloud.provider", text(Some("heroku"))),
        ("heroku.app.id", text(Some(app))),
        ("heroku.dyno.id", text(variable("HEROKU_DYNO_ID"))),
        ("heroku.release.commit", text(variable("HEROKU_SLUG_COMMIT"))),
        ("heroku.release.creation_timestamp", text(variable("HEROKU_RELEASE_CREATED_AT"))),
        ("service.name", text(variable("HEROKU_APP_NAME"))),
        ("service.version", text(variable("HEROKU_RELEASE_VERSION"))),
        ("service.instance.id", text(variable("HEROKU_DYNO_ID"))),
    ]))
}

fn needed<'m>(machine: &'m Machine, name: &str) -> Result<&'m str, String> {
    machine.variable(name).ok_or_else(|| format!("{name} is not set"))
}
