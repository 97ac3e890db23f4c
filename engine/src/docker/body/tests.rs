use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use domain::{DesktopId, InstallationId, UserId};
use proptest::{collection, prelude::*};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{Site, container};
use crate::{EngineError, Launch, Mount, Network, conformance::launch, docker::Route};

const ROOT: &str = "/srv/pult";

fn site(route: Route, cpus: u32) -> Site<'static> {
    Site { instance: InstallationId::new(), route, storage_root: Path::new(ROOT), cpus }
}

/// The body as it goes over the wire.
fn sent(launch: &Launch, site: Site<'_>) -> Result<Value, EngineError> {
    container(launch, site).map(|body| serde_json::to_value(body).expect("a body is plain data"))
}

/// What no launch can change, as the engine's API spells it. Written by hand, not by the code that is tested.
fn constant() -> Value {
    json!({
        "Privileged": false,
        "CapAdd": [],
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "ReadonlyRootfs": true,
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "Devices": [],
        "PublishAllPorts": false,
        "Ulimits": [
            {"Name": "nofile", "Soft": 8192, "Hard": 8192},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
        "OomScoreAdj": 500,
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "2"}},
        "Init": true,
        "AutoRemove": false,
        "RestartPolicy": {"Name": "no"},
    })
}

/// Takes a field out, so that what is left can be compared whole.
fn take(object: &mut Value, field: &str) -> Value {
    object.as_object_mut().and_then(|fields| fields.remove(field)).unwrap_or(Value::Null)
}

fn between(value: &Value, least: i64, most: i64) -> bool {
    value.as_i64().is_some_and(|number| (least..=most).contains(&number))
}

/// Panics unless the body is a default container for this launch on this site.
fn assert_default(mut body: Value, launch: &Launch, site: Site<'_>) {
    let mut host = take(&mut body, "HostConfig");

    let memory = take(&mut host, "Memory");
    assert!(between(&memory, 64 << 20, 262_144 << 20), "memory is limited: {memory}");
    assert_eq!(take(&mut host, "MemorySwap"), memory, "there is no swap");
    assert!(between(&take(&mut host, "NanoCpus"), 100_000_000, i64::from(site.cpus) * 1_000_000_000));
    assert!(between(&take(&mut host, "PidsLimit"), 32, 32_768));
    assert!(between(&take(&mut host, "ShmSize"), 1 << 20, 65_536 << 20));

    let [network, dns, options] = ["NetworkMode", "Dns", "DnsOptions"].map(|field| take(&mut host, field));
    let tail = &site.instance.to_string()[28..];
    let (kind, asked) = match (launch.network, launch.resolvers.is_empty()) {
        (Network::Routed, true) => ("internet", (Value::Null, Value::Null)),
        (Network::Internal, true) => ("none", (json!(["127.0.0.1"]), json!(["timeout:1", "attempts:1"]))),
        (Network::Routed, false) => ("internet", (json!(launch.resolvers), Value::Null)),
        (Network::Internal, false) => ("none", (json!(launch.resolvers), Value::Null)),
    };
    assert_eq!((network, (dns, options)), (json!(format!("pult-{tail}-{kind}")), asked));

    let port = format!("{}/tcp", launch.port);
    let (exposed, bound) = (take(&mut body, "ExposedPorts"), take(&mut host, "PortBindings"));
    match site.route {
        Route::Address => assert_eq!((exposed, bound), (Value::Null, Value::Null), "nothing is published"),
        Route::Port => {
            assert!(exposed.get(&port).is_some() || exposed == json!([port]), "{exposed}");
            assert_eq!(bound, json!({ port: [{"HostIp": "127.0.0.1", "HostPort": "0"}] }));
        }
    }

    let mounts = take(&mut host, "Mounts");
    for mount in mounts.as_array().expect("mounts are a list") {
        let mut mount = mount.clone();
        let source = take(&mut mount, "Source").as_str().expect("a source").to_owned();
        assert!(
            source.starts_with("/srv/pult/") && !source.split('/').any(|part| part == ".." || part == "."),
            "{source}"
        );
        assert!(take(&mut mount, "Target").as_str().is_some_and(|target| target.starts_with('/')));
        assert!(take(&mut mount, "ReadOnly").is_boolean());
        assert_eq!(mount, json!({"Type": "bind", "BindOptions": {"Propagation": "rprivate"}}));
    }

    let tmpfs = take(&mut host, "Tmpfs");
    let tmpfs = tmpfs.as_object().expect("folders");
    assert!(tmpfs.contains_key("/tmp") && tmpfs.contains_key("/run"));
    assert_eq!(tmpfs.len(), 2 + launch.scratch.len());
    for options in tmpfs.values().map(|options| options.as_str().expect("options")) {
        assert!(options.starts_with("rw,nosuid,nodev,") && options.contains("size="), "{options}");
    }

    assert_eq!(host, constant(), "and nothing else is said to the engine");

    let (env, password) = (take(&mut body, "Env"), launch.vnc_password.expose_secret().to_owned());
    for (name, value) in [("USER", &launch.user), ("VNC_USER", &launch.vnc_user), ("VNC_PW", &password)] {
        let said: Vec<_> = env
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|line| line.as_str()?.strip_prefix(&format!("{name}=")))
            .collect();
        assert_eq!(said, [value], "{name} is said once, and is ours");
    }
    let labels = take(&mut body, "Labels");
    assert_eq!(labels.as_object().map(serde_json::Map::len), Some(7));
    assert_eq!(take(&mut body, "Image"), json!(launch.image));
    assert_eq!(take(&mut body, "Hostname"), json!(launch.hostname));
    assert_eq!(body, json!({"User": "1000:1000", "Healthcheck": {"Test": ["NONE"]}}), "and nothing else either");
}

/// Text that somebody who wants out of the container would try, among ordinary and arbitrary text.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z][a-z0-9-]{0,10}",
        1 => any::<String>(),
        1 => proptest::sample::select(vec![
            "", "/", "..", "host", "container:x", "/var/run/docker.sock", "a,b=c", "VNC_PW=x", "--privileged", "\0",
            "root", "0:0", "unconfined",
        ]).prop_map(str::to_owned),
    ]
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "/srv/pult/[a-z]{1,8}(/[a-z.]{1,8}){0,2}",
        2 => "/home/[a-z]{1,8}",
        1 => text(),
    ]
}

fn mount() -> impl Strategy<Value = Mount> {
    (path(), path(), any::<bool>()).prop_map(|(source, target, read_only)| Mount {
        source: PathBuf::from(source),
        target,
        read_only,
    })
}

/// Mostly a number within the bounds, else anything.
fn number(least: i64, most: i64) -> impl Strategy<Value = i64> {
    prop_oneof![9 => least..=most, 1 => any::<i64>()]
}

prop_compose! {
    fn names()(
        slug in prop_oneof![4 => Just("tiny".to_owned()), 1 => text()],
        image in prop_oneof![4 => Just("pult/tiny:latest".to_owned()), 1 => text()],
        hostname in prop_oneof![4 => Just("anna-tiny".to_owned()), 1 => text()],
        user in text(), vnc_user in text(), lang in text(), tz in text(),
        env in collection::btree_map(text(), text(), 0..3),
    ) -> (String, String, String, [String; 4], BTreeMap<String, String>) {
        (slug, image, hostname, [user, vnc_user, lang, tz], env)
    }
}

prop_compose! {
    fn launches()(
        (template, image, hostname, [user, vnc_user, lang, tz], env) in names(),
        generation in prop_oneof![9 => 0..9, 1 => any::<i32>()],
        port in any::<u16>(),
        cpus in prop_oneof![9 => 0.1..=64.0, 1 => any::<f64>()],
        memory_mb in number(64, 262_144), pids in number(32, 32_768), shm_mb in number(1, 65_536),
        routed in any::<bool>(), resolvers in collection::vec(any::<Ipv4Addr>(), 0..2),
        mounts in collection::vec(mount(), 0..2), scratch in collection::vec(path(), 0..2),
    ) -> Launch {
        Launch {
            desktop: DesktopId::new(),
            generation,
            owner: UserId::new(),
            template,
            image,
            port,
            network: if routed { Network::Routed } else { Network::Internal },
            resolvers,
            hostname,
            user,
            vnc_user,
            vnc_password: SecretString::from("secret"),
            lang,
            tz,
            env,
            cpus,
            memory_mb,
            pids,
            shm_mb,
            mounts,
            scratch,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn nothing_but_a_default_container_comes_out(launch in launches(), by_port: bool, cpus in 1..128_u32) {
        let site = site(if by_port { Route::Port } else { Route::Address }, cpus);
        if let Ok(body) = sent(&launch, site) {
            assert_default(body, &launch, site);
        }
    }
}

#[test]
fn the_property_is_not_empty_of_launches_that_are_well() {
    let launch = Launch {
        mounts: vec![Mount { source: "/srv/pult/a".into(), target: "/home/kasm-user".to_owned(), read_only: true }],
        scratch: vec!["/var/tmp".to_owned()],
        ..launch("pult/tiny")
    };
    for route in [Route::Address, Route::Port] {
        let site = site(route, 2);
        assert_default(sent(&launch, site).expect("it is well"), &launch, site);
    }
}

#[test]
fn a_machine_with_fewer_processors_gives_all_it_has() {
    let launch = Launch { cpus: 8.0, ..launch("pult/tiny") };
    let body = sent(&launch, site(Route::Address, 2)).expect("it is well");
    assert_eq!(body["HostConfig"]["NanoCpus"], json!(2_000_000_000_i64));
}

#[test]
fn a_desktop_without_a_network_cannot_be_published() {
    let launch = Launch { network: Network::Internal, ..launch("pult/tiny") };
    assert!(sent(&launch, site(Route::Address, 2)).is_ok());
    let refused = sent(&launch, site(Route::Port, 2));
    assert!(matches!(refused, Err(EngineError::OutOfBounds { field: "network", .. })), "{refused:?}");
}

#[test]
fn the_templates_language_and_time_zone_win_and_its_passwords_do_not() {
    let mut launch = Launch { tz: "Europe/Berlin".to_owned(), lang: "de_DE.UTF-8".to_owned(), ..launch("pult/tiny") };
    launch.env.insert("LANG".to_owned(), "fr_FR.UTF-8".to_owned());
    let body = sent(&launch, site(Route::Address, 2)).expect("it is well");
    let env = body["Env"].as_array().expect("a list");
    assert!(env.contains(&json!("LANG=fr_FR.UTF-8")) && env.contains(&json!("TZ=Europe/Berlin")));
    assert_eq!(env.iter().filter(|line| line.as_str().is_some_and(|line| line.starts_with("LANG="))).count(), 1);
}
