//! A name server on this machine, asked by UDP.

use std::{
    collections::{HashMap, VecDeque},
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{Arc, Mutex},
    thread,
};

use hickory_proto::{
    op::{Message, MessageType, ResponseCode},
    rr::{RData, Record, RecordType},
};

/// What a name leads to at one look-up.
#[derive(Clone, Debug)]
pub(crate) enum Names {
    To(Vec<IpAddr>),
    /// No answer at all.
    Silent,
    /// SERVFAIL
    Broken,
}

#[derive(Default)]
struct Zone {
    /// Each look-up of IPv4 addresses, which begins one of both kinds, takes the next; the last
    /// is given from then on.
    names: HashMap<String, VecDeque<Names>>,
    /// The look-up under way, so that the question for IPv6 belongs to the same.
    current: HashMap<String, Names>,
    asked: Vec<(String, RecordType)>,
}

pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
}

impl NameServer {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let address = socket.local_addr().expect("an address");
        let zone = Arc::<Mutex<Zone>>::default();
        let serving = Arc::clone(&zone);
        // It ends with the process.
        thread::spawn(move || serve(&socket, &serving));
        Self { address, zone }
    }

    /// What the name leads to, look-up by look-up.
    pub(crate) fn name(&self, name: &str, turns: impl IntoIterator<Item = Names>) {
        self.zone.lock().expect("no panic").names.insert(name.to_owned(), turns.into_iter().collect());
    }

    pub(crate) fn lead(&self, name: &str, to: &[&str]) {
        self.name(name, [names(to)]);
    }

    /// How often the addresses of a name were looked up.
    pub(crate) fn look_ups(&self, name: &str) -> usize {
        let zone = self.zone.lock().expect("no panic");
        zone.asked.iter().filter(|(asked, kind)| asked == name && *kind == RecordType::A).count()
    }
}

pub(crate) fn names(to: &[&str]) -> Names {
    Names::To(to.iter().map(|address| address.parse().expect("an address")).collect())
}

fn serve(socket: &UdpSocket, zone: &Mutex<Zone>) {
    let mut buffer = [0; 4_096];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        let Ok(question) = Message::from_vec(&buffer[..length]) else { continue };
        if let Some(answer) = zone.lock().expect("no panic").answer(&question) {
            let _ = socket.send_to(&answer.to_vec().expect("an answer"), from);
        }
    }
}

impl Zone {
    fn answer(&mut self, question: &Message) -> Option<Message> {
        let query = question.queries.first()?;
        let name = query.name().to_string().trim_end_matches('.').to_ascii_lowercase();
        self.asked.push((name.clone(), query.query_type()));
        let mut answer = question.clone();
        answer.metadata.message_type = MessageType::Response;
        answer.metadata.recursion_available = true;
        answer.edns = None;
        match self.turn(&name, query.query_type()) {
            Some(Names::To(addresses)) => {
                let fits = |address: &&IpAddr| address.is_ipv4() == (query.query_type() == RecordType::A);
                let record =
                    |address: &IpAddr| Record::from_rdata(query.name().clone(), 60, RData::from(*address));
                answer.answers = addresses.iter().filter(fits).map(record).collect();
            }
            Some(Names::Silent) => return None,
            Some(Names::Broken) => answer.metadata.response_code = ResponseCode::ServFail,
            None => answer.metadata.response_code = ResponseCode::NXDomain,
        }
        Some(answer)
    }

    fn turn(&mut self, name: &str, kind: RecordType) -> Option<Names> {
        let turns = self.names.get_mut(name)?;
        // The two questions come in any order: the first of them begins the look-up.
        if let Some(current) = self.current.remove(&format!("{name} {kind}")) {
            return Some(current);
        }
        let next = if turns.len() > 1 { turns.pop_front() } else { turns.front().cloned() }?;
        let other = if kind == RecordType::A { RecordType::AAAA } else { RecordType::A };
        self.current.insert(format!("{name} {other}"), next.clone());
        Some(next)
    }
}
